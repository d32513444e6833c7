#include "dot.h"

#include "base/cpu_features.h"

#define MC_KERNEL(symbol, isa) void symbol(size_t, const float *, size_t, const float *, float *);
#include "f32_dot_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(symbol, isa) {#symbol, isa, symbol},

static const mc_f32_dot_kernel kernels[] = {
#include "f32_dot_kernels.inc"
};

const mc_f32_dot_kernel *mc_f32_dot_kernels(size_t *count)
{
    *count = sizeof kernels / sizeof *kernels;
    return kernels;
}

const mc_f32_dot_kernel *mc_f32_dot_choose(uint32_t isa_bits)
{
    size_t best = sizeof kernels / sizeof *kernels - 1;
    while (kernels[best].isa_bits & ~isa_bits)
        best--;
    return &kernels[best];
}
