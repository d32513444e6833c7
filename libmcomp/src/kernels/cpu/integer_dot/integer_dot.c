#include "integer_dot.h"

#include "base/cpu_features.h"

#define MC_KERNEL(kind, member, symbol, isa) mc_##member##_fn symbol;
#include "integer_dot_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(kind, member, symbol, isa) {#symbol, isa, kind, {.member = symbol}},

static const mc_integer_dot_kernel kernels[] = {
#include "integer_dot_kernels.inc"
};

const mc_integer_dot_kernel *mc_integer_dot_kernels(size_t *count)
{
    *count = sizeof kernels / sizeof *kernels;
    return kernels;
}

const mc_integer_dot_kernel *mc_integer_dot_choose(mc_integer_dot_kind kind, uint32_t isa_bits)
{
    const mc_integer_dot_kernel *best = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].kind == kind && !(kernels[i].isa_bits & ~isa_bits))
            best = &kernels[i];
    return best;
}
