#include "lrn.h"

#include "base/cpu_features.h"

#define MC_KERNEL(kind, member, symbol, isa) mc_##member##_fn symbol;
#include "lrn_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(kind, member, symbol, isa) {#symbol, isa, kind, {.member = symbol}},

static const mc_lrn_kernel kernels[] = {
#include "lrn_kernels.inc"
};

const mc_lrn_kernel *mc_lrn_kernels(size_t *count)
{
    *count = sizeof kernels / sizeof *kernels;
    return kernels;
}

const mc_lrn_kernel *mc_lrn_choose(mc_lrn_kind kind, uint32_t isa_bits)
{
    const mc_lrn_kernel *best = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].kind == kind && !(kernels[i].isa_bits & ~isa_bits))
            best = &kernels[i];
    return best;
}
