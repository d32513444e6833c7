/* encode.huffman: frequent symbols and gaps take fewer bits.
 *
 * layout=auto tries every layout and gap width for each weight, by the bytes that each really takes,
 * tables included; where even the best is larger than the same symbols without a code, they stay
 * without. */
#include "base/status.h"
#include "pass.h"

enum { LAYOUT, GAP_BITS };

static mcomp_status run(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count)
{
    (void)compression;
    uint32_t gap_choice = step->arguments[GAP_BITS].choice;
    for (size_t i = 0; i < count; i++) {
        weights[i]->storage = MC_STORAGE_HUFFMAN;
        weights[i]->layout = (mc_layout_wish)step->arguments[LAYOUT].choice;
        weights[i]->gap_bits = (uint8_t)(gap_choice > 0 ? gap_choice + 1 : 0);
    }
    return MCOMP_OK;
}

static mcomp_status check(const mc_step *step)
{
    MC_REQUIRE(
        step->arguments[LAYOUT].choice != MC_LAYOUT_DENSE || step->arguments[GAP_BITS].choice == 0,
        MCOMP_ERR_INVALID_ARGUMENT, "encode.huffman: layout=dense has no gaps; leave out gap_bits");
    return MCOMP_OK;
}

static const mc_parameter parameters[] = {
    [LAYOUT] = {.name = "layout",
                .type = MC_PARAMETER_CHOICE,
                .default_value = "auto",
                .choices = "auto|dense|gaps",
                .summary =
                    "zeros among the symbols, or left out with gaps between the others; auto: "
                    "the smaller, for each weight"},
    [GAP_BITS] = {.name = "gap_bits",
                  .type = MC_PARAMETER_CHOICE,
                  .default_value = "auto",
                  .choices = "auto|2|3|4|5|6|7|8|9|10|11|12",
                  .summary =
                      "bits of a gap before it is coded; auto: the smallest, for each weight"},
};

const mc_pass mc_pass_encode_huffman = {
    .name = "encode.huffman",
    .summary = "store symbols and gaps with canonical Huffman codes",
    .source = "Huffman, \"A Method for the Construction of Minimum-Redundancy Codes\", 1952; for "
              "weights: Han, Mao, Dally, \"Deep Compression\", ICLR 2016",
    .stage = MC_STAGE_STORAGE,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .check = check,
    .run = run,
};
