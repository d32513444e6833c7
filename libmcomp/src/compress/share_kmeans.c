/* share.kmeans: a codebook for each weight.
 *
 * What is 0 stays 0: where a weight has zeros, pruned or its own, entry 0 of the codebook is 0.0 and
 * theirs alone, and the other numbers share the other entries, which are sorted. Each takes the
 * nearest entry, the lower of two. A weight with no more distinct numbers than entries keeps them
 * exactly; a codebook that needs fewer bits than allowed has fewer. */
#include <string.h>

#include "base/status.h"
#include "kmeans.h"
#include "pass.h"

enum { BITS, INIT, SEED };

#define MAX_ENTRIES 256

/* A codebook on its way. */
typedef struct codebook_draft {
    float entries[MAX_ENTRIES];
    size_t count;
    size_t zero_count; /**< 1: entry 0 is 0.0 */
} codebook_draft;

static size_t count_zeros(const mc_weight *weight)
{
    size_t zeros = 0;
    for (size_t i = 0; i < weight->element_count; i++)
        zeros += mc_weight_is_zero(weight, i);
    return zeros;
}

/* Sorted numbers that are not 0. @param scratch  as many */
static void gather(const mc_weight *weight, float *values, size_t count, uint32_t *scratch)
{
    size_t found = 0;
    for (size_t i = 0; i < weight->element_count; i++)
        if (!mc_weight_is_zero(weight, i))
            values[found++] = weight->original[i];
    mc_sort_floats(values, count, scratch);
}

static mcomp_status find_codebook(mc_compression *compression, const mc_weight *weight,
                                  const mc_step *step, uint64_t seed, codebook_draft *draft)
{
    mcomp_context *context = compression->context;
    size_t zeros = count_zeros(weight), count = weight->element_count - zeros;
    size_t wanted = ((size_t)1 << step->arguments[BITS].integer) - (zeros > 0);
    *draft = (codebook_draft){.count = zeros > 0, .zero_count = zeros > 0};
    if (count == 0)
        return MCOMP_OK;
    float *values = mc_alloc(context, count * sizeof *values);
    uint32_t *scratch = mc_alloc(context, count * sizeof *scratch);
    mcomp_status status = values && scratch ? MCOMP_OK : mc_fail_memory(count * sizeof *values);
    if (status == MCOMP_OK) {
        gather(weight, values, count, scratch);
        status = mc_stage_progress_advance(&compression->progress, 0);
    }
    mc_free(context, scratch);
    size_t found = 0;
    if (status == MCOMP_OK)
        status = mc_kmeans(context, &compression->progress, values, count, wanted,
                           (mc_kmeans_init)step->arguments[INIT].choice, seed,
                           draft->entries + draft->count, &found);
    draft->count += found;
    mc_free(context, values);
    return status;
}

/* Bits of a symbol below count, at least 1. */
static unsigned bits_for(size_t count)
{
    unsigned bits = 1;
    while ((size_t)1 << bits < count)
        bits++;
    return bits;
}

static mcomp_status share_weight(mc_compression *compression, mc_weight *weight,
                                 const mc_step *step, uint64_t seed)
{
    codebook_draft draft;
    MC_TRY(find_codebook(compression, weight, step, seed, &draft));
    MC_TRY(mc_weight_begin_numeric(weight, MCOMP_NUMERIC_CODEBOOK, bits_for(draft.count),
                                   draft.count));
    memcpy(weight->codebook, draft.entries, draft.count * sizeof *draft.entries);
    const float *others = draft.entries + draft.zero_count;
    size_t other_count = draft.count - draft.zero_count;
    for (size_t i = 0; i < weight->element_count; i++)
        if (!mc_weight_is_zero(weight, i))
            weight->symbols[i] =
                (uint8_t)(draft.zero_count + mc_nearest(others, other_count, weight->original[i]));
    return mc_stage_progress_advance(&compression->progress, weight->element_count);
}

static mcomp_status run(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count)
{
    int64_t own_seed = step->arguments[SEED].integer;
    uint64_t seed = own_seed >= 0 ? (uint64_t)own_seed : compression->seed;
    /* By the weight's place in the network, so that others being skipped changes nothing. */
    for (size_t i = 0; i < count; i++)
        MC_TRY(share_weight(compression, weights[i], step,
                            seed + (uint64_t)(weights[i] - compression->weights)));
    return MCOMP_OK;
}

static const mc_parameter parameters[] = {
    [BITS] = {.name = "bits",
              .type = MC_PARAMETER_INTEGER,
              .default_value = "5",
              .min = 1,
              .max = 8,
              .summary =
                  "the codebook has at most 2^bits entries, 0 among them where there are zeros"},
    [INIT] = {.name = "init",
              .type = MC_PARAMETER_CHOICE,
              .default_value = "linear",
              .choices = "linear|density|random|exact",
              .summary = "how the entries begin before Lloyd's iteration; exact: the codebook with "
                         "the least squared error, which takes longer"},
    [SEED] = {.name = "seed",
              .type = MC_PARAMETER_INTEGER,
              .default_value = "-1",
              .min = -1,
              .max = 9007199254740991,
              .summary = "of init=random; -1: that of the call"},
};

const mc_pass mc_pass_share_kmeans = {
    .name = "share.kmeans",
    .summary = "weights share the few numbers of a codebook, found by k-means",
    .source =
        "Han, Mao, Dally, \"Deep Compression\", ICLR 2016 (without its retraining); exact: Wang "
        "and Song, The R Journal 3(2), 2011",
    .stage = MC_STAGE_NUMERIC,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .needs_finite = true,
    .run = run,
};
