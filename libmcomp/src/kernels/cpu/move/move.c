#include "move.h"

#include "base/cpu_features.h"

#define MC_KERNEL(kind, member, symbol, isa) mc_##member##_fn symbol;
#include "move_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(kind, member, symbol, isa) {#symbol, isa, kind, {.member = symbol}},

static const mc_move_kernel kernels[] = {
#include "move_kernels.inc"
};

const mc_move_kernel *mc_move_kernels(size_t *count)
{
    *count = sizeof kernels / sizeof *kernels;
    return kernels;
}

const mc_move_kernel *mc_move_choose(mc_move_kind kind, uint32_t isa_bits)
{
    const mc_move_kernel *best = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].kind == kind && !(kernels[i].isa_bits & ~isa_bits))
            best = &kernels[i];
    return best;
}
