/* prune.magnitude: the smallest weights become 0.
 *
 * Single weights are ranked by magnitude, blocks by the root of their mean square (so that the short
 * blocks at the edges are ranked fairly), rounded to float32. round(sparsity x count) of them become
 * 0, halves to even; of equal ones those that come first, in the order of nodes and of blocks. What
 * is 0 already has magnitude 0, and so counts first. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "pass.h"
#include "real_text.h"
#include "smallest.h"
#include "tensor/element_order.h"

enum { SPARSITY, SCOPE, BLOCK };
enum { SCOPE_LAYER, SCOPE_GLOBAL };

/* Elements between two looks at the clock. */
#define PROGRESS_ELEMENTS ((size_t)1 << 22)

/* Order of magnitudes as integers: the bits of a float that is not negative. */
static uint32_t magnitude_key(float magnitude)
{
    uint32_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    return bits;
}

static uint32_t element_key(const mc_weight *weight, size_t index)
{
    return mc_weight_is_zero(weight, index) ? 0 : magnitude_key(fabsf(weight->original[index]));
}

static uint32_t block_key(const mc_weight *weight, const size_t *indices, size_t count)
{
    if (count == 1)
        return element_key(weight, indices[0]);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double value = mc_weight_is_zero(weight, indices[i]) ? 0 : weight->original[indices[i]];
        sum += value * value;
    }
    return magnitude_key((float)sqrt(sum / (double)count));
}

typedef enum prune_round { ROUND_UPPER, ROUND_LOWER, ROUND_TAKE } prune_round;

static void see_block(mc_weight *weight, prune_round round, mc_smallest *smallest,
                      const size_t *indices, size_t count)
{
    uint32_t key = block_key(weight, indices, count);
    if (round == ROUND_UPPER)
        mc_smallest_see_upper(smallest, key);
    else if (round == ROUND_LOWER)
        mc_smallest_see_lower(smallest, key);
    else if (mc_smallest_take(smallest, key))
        for (size_t i = 0; i < count; i++)
            weight->kept[indices[i]] = 0;
}

static mcomp_status see_weight(mc_compression *compression, mc_weight *weight, mc_block block,
                               prune_round round, mc_smallest *smallest)
{
    mc_block_walk walk =
        mc_block_walk_begin(weight->rank, weight->shape, block.rows, block.columns);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count, seen = 0;
    while ((count = mc_block_walk_next(&walk, indices)) > 0) {
        see_block(weight, round, smallest, indices, count);
        seen += count;
        if (seen >= PROGRESS_ELEMENTS) {
            MC_TRY(mc_stage_progress_advance(&compression->progress, 0));
            seen = 0;
        }
    }
    return mc_stage_progress_advance(&compression->progress,
                                     round == ROUND_TAKE ? weight->element_count : 0);
}

/* Prunes some weights together: blocks are ranked over all of them. */
static mcomp_status prune_together(mc_compression *compression, mc_weight *const *weights,
                                   size_t count, double sparsity, mc_block block)
{
    uint64_t block_count = 0;
    for (size_t i = 0; i < count; i++)
        block_count +=
            mc_block_walk_begin(weights[i]->rank, weights[i]->shape, block.rows, block.columns)
                .block_count;
    mc_smallest smallest;
    uint64_t wanted = (uint64_t)nearbyint(sparsity * (double)block_count);
    mcomp_status status = mc_smallest_begin(compression->context, wanted, &smallest);
    for (int round = ROUND_UPPER; round <= ROUND_TAKE && status == MCOMP_OK; round++) {
        for (size_t i = 0; i < count && status == MCOMP_OK; i++)
            status = see_weight(compression, weights[i], block, (prune_round)round, &smallest);
        if (round == ROUND_UPPER)
            mc_smallest_end_upper(&smallest);
        else if (round == ROUND_LOWER)
            mc_smallest_end_lower(&smallest);
    }
    mc_smallest_end(&smallest);
    return status;
}

/* Keeps the n largest of a group; of equal ones those that come later. */
static void prune_group(mc_weight *weight, const size_t *indices, size_t count, size_t n)
{
    for (size_t pruned = 0; pruned + n < count; pruned++) {
        size_t least = count;
        for (size_t i = 0; i < count; i++)
            if (weight->kept[indices[i]] &&
                (least == count ||
                 element_key(weight, indices[i]) < element_key(weight, indices[least])))
                least = i;
        if (least == count)
            return;
        weight->kept[indices[least]] = 0;
    }
}

static mcomp_status prune_groups(mc_compression *compression, mc_weight *weight, mc_block block)
{
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count, seen = 0;
    mc_block_walk walk = mc_block_walk_begin(weight->rank, weight->shape, 1, block.m);
    while ((count = mc_block_walk_next(&walk, indices)) > 0) {
        prune_group(weight, indices, count, block.n);
        seen += count;
        if (seen >= PROGRESS_ELEMENTS) {
            MC_TRY(mc_stage_progress_advance(&compression->progress, 0));
            seen = 0;
        }
    }
    return mc_stage_progress_advance(&compression->progress, weight->element_count);
}

static mcomp_status run_groups(mc_compression *compression, mc_weight *const *weights, size_t count,
                               mc_block block)
{
    for (size_t i = 0; i < count; i++) {
        mc_weight *weight = weights[i];
        int64_t inputs = weight->rank > 1 ? weight->shape[1] : 1;
        if (inputs <= block.n) {
            MC_TRY(mc_compression_note(compression,
                                       "node %s: weight %s has %lld input channels, so %u of %u "
                                       "leaves nothing out",
                                       weight->node_name, weight->name, (long long)inputs, block.n,
                                       block.m));
            continue;
        }
        MC_TRY(mc_weight_begin_mask(weight, block));
        MC_TRY(prune_groups(compression, weight, block));
        MC_TRY(mc_weight_apply_mask(weight));
    }
    return MCOMP_OK;
}

static mcomp_status run(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count)
{
    mc_block block = step->arguments[BLOCK].block;
    if (block.m)
        return run_groups(compression, weights, count, block);
    bool global = step->arguments[SCOPE].choice == SCOPE_GLOBAL;
    double sparsity = step->arguments[SPARSITY].real;
    for (size_t i = 0; i < count; i++)
        MC_TRY(mc_weight_begin_mask(weights[i], block));
    if (global)
        MC_TRY(prune_together(compression, weights, count, sparsity, block));
    for (size_t i = 0; i < count; i++) {
        if (!global)
            MC_TRY(prune_together(compression, weights + i, 1, sparsity, block));
        MC_TRY(mc_weight_apply_mask(weights[i]));
    }
    return MCOMP_OK;
}

static mcomp_status check(const mc_step *step)
{
    bool groups = step->arguments[BLOCK].block.m > 0;
    bool given = step->arguments[SPARSITY].given;
    MC_REQUIRE(groups || given, MCOMP_ERR_INVALID_ARGUMENT,
               "prune.magnitude: sparsity must be given");
    MC_REQUIRE(
        !groups || (!given && step->arguments[SCOPE].choice == SCOPE_LAYER),
        MCOMP_ERR_INVALID_ARGUMENT,
        "prune.magnitude: with block=%u:%u the sparsity follows, and every group is pruned by "
        "itself; leave out sparsity and scope",
        step->arguments[BLOCK].block.n, step->arguments[BLOCK].block.m);
    return MCOMP_OK;
}

static const mc_parameter parameters[] = {
    [SPARSITY] = {.name = "sparsity",
                  .type = MC_PARAMETER_REAL,
                  .default_value = "",
                  .max = 1,
                  .summary = "fraction of weights (of blocks) that become 0; left out with N:M"},
    [SCOPE] = {.name = "scope",
               .type = MC_PARAMETER_CHOICE,
               .default_value = "layer",
               .choices = "layer|global",
               .summary = "rank the weights of each layer, or those of all layers together"},
    [BLOCK] = {.name = "block",
               .type = MC_PARAMETER_BLOCK,
               .default_value = "1x1",
               .summary =
                   "what becomes 0 together: R output x C input channels (ranked by the root "
                   "of their mean square), or N:M, all but N of M input channels"},
};

const mc_pass mc_pass_prune_magnitude = {
    .name = "prune.magnitude",
    .summary = "the weights of smallest magnitude become 0",
    .source =
        "Han, Pool, Tran, Dally, \"Learning both Weights and Connections for Efficient Neural "
        "Networks\", NIPS 2015 (pruning, without its retraining); N:M: Mishra et al., "
        "\"Accelerating Sparse Deep Neural Networks\", 2021",
    .stage = MC_STAGE_PRUNE,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .needs_finite = true,
    .check = check,
    .run = run,
};
