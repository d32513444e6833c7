/* store.dense: every element in its place, and no code. */
#include "pass.h"

static mcomp_status run(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count)
{
    (void)compression;
    (void)step;
    for (size_t i = 0; i < count; i++)
        weights[i]->storage = MC_STORAGE_DENSE;
    return MCOMP_OK;
}

const mc_pass mc_pass_store_dense = {
    .name = "store.dense",
    .summary = "store every element, zeros too, without a code; alone it changes nothing",
    .source = "the baseline that everything else is compared with",
    .stage = MC_STAGE_STORAGE,
    .run = run,
};
