#include "gemm.h"

#include <string.h>

#include "base/cpu_features.h"

#define MC_KERNEL(symbol, isa, rows, columns)                                                      \
    void symbol(size_t, const float *, const float *, float *, size_t, size_t, size_t,             \
                const mc_gemm_tail *);
#include "f32_gemm_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(symbol, isa, rows, columns)                                                      \
    void symbol(size_t, const int16_t *, const int16_t *, int32_t *);
#include "s16_gemm_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(symbol, isa, rows, columns)                                                      \
    void symbol(size_t, const int8_t *, const int8_t *, int32_t *);
#include "s8_gemm_kernels.inc"
#undef MC_KERNEL

#define MC_KERNEL(symbol, isa, rows, columns) {#symbol, isa, rows, columns, symbol},

static const mc_f32_gemm_kernel f32_kernels[] = {
#include "f32_gemm_kernels.inc"
};

static const mc_s16_gemm_kernel s16_kernels[] = {
#include "s16_gemm_kernels.inc"
};

/* Ends with an empty entry: the list may have none. */
static const mc_s8_gemm_kernel s8_kernels[] = {
#include "s8_gemm_kernels.inc"
    {0}};

const mc_f32_gemm_kernel *mc_f32_gemm_kernels(size_t *count)
{
    *count = sizeof f32_kernels / sizeof *f32_kernels;
    return f32_kernels;
}

const mc_s16_gemm_kernel *mc_s16_gemm_kernels(size_t *count)
{
    *count = sizeof s16_kernels / sizeof *s16_kernels;
    return s16_kernels;
}

const mc_s8_gemm_kernel *mc_s8_gemm_kernels(size_t *count)
{
    *count = sizeof s8_kernels / sizeof *s8_kernels - 1;
    return s8_kernels;
}

const mc_f32_gemm_kernel *mc_f32_gemm_choose(uint32_t isa_bits)
{
    size_t best = sizeof f32_kernels / sizeof *f32_kernels - 1;
    while (f32_kernels[best].isa_bits & ~isa_bits)
        best--;
    return &f32_kernels[best];
}

const mc_s16_gemm_kernel *mc_s16_gemm_choose(uint32_t isa_bits)
{
    size_t best = sizeof s16_kernels / sizeof *s16_kernels - 1;
    while (s16_kernels[best].isa_bits & ~isa_bits)
        best--;
    return &s16_kernels[best];
}

const mc_s8_gemm_kernel *mc_s8_gemm_choose(uint32_t isa_bits)
{
    const mc_s8_gemm_kernel *best = NULL;
    for (const mc_s8_gemm_kernel *kernel = s8_kernels; kernel->name; kernel++)
        if (!(kernel->isa_bits & ~isa_bits))
            best = kernel;
    return best;
}

void mc_f32_gemm_pack_a(const float *a, size_t rows, size_t depth, size_t panel_rows, float *packed)
{
    for (size_t first = 0; first < rows; first += panel_rows)
        for (size_t k = 0; k < depth; k++)
            for (size_t r = 0; r < panel_rows; r++)
                *packed++ = first + r < rows ? a[(first + r) * depth + k] : 0;
}

void mc_s16_gemm_pack_a(const int16_t *a, size_t rows, size_t depth, size_t panel_rows,
                        int16_t *packed)
{
    for (size_t first = 0; first < rows; first += panel_rows)
        for (size_t k = 0; k < depth; k += 2)
            for (size_t r = 0; r < panel_rows; r++)
                for (size_t half = 0; half < 2; half++)
                    *packed++ = first + r < rows && k + half < depth
                                    ? a[(first + r) * depth + k + half]
                                    : 0;
}

void mc_s8_gemm_pack_a(const int16_t *a, size_t rows, size_t depth, size_t panel_rows,
                       int8_t *packed, int32_t *row_sums)
{
    memset(row_sums, 0, rows * sizeof *row_sums);
    for (size_t first = 0; first < rows; first += panel_rows)
        for (size_t k = 0; k < depth; k += 4)
            for (size_t row = first; row < first + panel_rows; row++)
                for (size_t i = k; i < k + 4; i++) {
                    int16_t value = row < rows && i < depth ? a[row * depth + i] : 0;
                    *packed++ = (int8_t)value;
                    if (row < rows)
                        row_sums[row] += value;
                }
}
