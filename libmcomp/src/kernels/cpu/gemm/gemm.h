/** @file gemm.h
 *  C = A B over whole depth for one tile of C: rows x columns at most the kernel's own.
 *
 *  A is packed in panels of `rows` rows: panel[k][row]; B in panels of `columns` columns:
 * panel[k][column]; both 64-byte aligned and filled up with zeros. Kernels read whole panels and
 * write only the rows and columns asked for. The depth is never split, so every element of C is one
 * sum in one order. */
#ifndef MC_GEMM_H
#define MC_GEMM_H

#include <stddef.h>
#include <stdint.h>

/** What happens to a sum before it is stored: + bias, + residual, clamp (infinite bounds: none). */
typedef struct mc_gemm_tail {
    const float *bias;     /**< one a row of the tile */
    const float *residual; /**< like C, or NULL */
    float low, high;
} mc_gemm_tail;

typedef void (*mc_f32_gemm_fn)(size_t depth, const float *a, const float *b, float *c,
                               size_t c_stride, size_t rows, size_t columns,
                               const mc_gemm_tail *tail);

/** Integer sums: A and B are int16 with depth in pairs: panel[k / 2][row or column][2], an odd
 * depth filled up with a zero. The whole tile is written: sums[row * columns + column]. No sum
 * overflows where depth * 255 * 255 < 2^31. */
typedef void (*mc_s16_gemm_fn)(size_t depth_pairs, const int16_t *a, const int16_t *b,
                               int32_t *sums);

/** Bytes: A and B are int8 with depth in quads: panel[k / 4][row or column][4]. Else as above. */
typedef void (*mc_s8_gemm_fn)(size_t depth_quads, const int8_t *a, const int8_t *b, int32_t *sums);

typedef struct mc_f32_gemm_kernel {
    const char *name;
    uint32_t isa_bits; /**< needed */
    size_t rows, columns;
    mc_f32_gemm_fn run;
} mc_f32_gemm_kernel;

typedef struct mc_s16_gemm_kernel {
    const char *name;
    uint32_t isa_bits;
    size_t rows, columns;
    mc_s16_gemm_fn run;
} mc_s16_gemm_kernel;

typedef struct mc_s8_gemm_kernel {
    const char *name;
    uint32_t isa_bits;
    size_t rows, columns;
    mc_s8_gemm_fn run;
} mc_s8_gemm_kernel;

/** Greatest rows x columns of any kernel of the lists. */
#define MC_GEMM_MAX_TILE 256

/** All kernels, best last; *count of them. */
const mc_f32_gemm_kernel *mc_f32_gemm_kernels(size_t *count);
const mc_s16_gemm_kernel *mc_s16_gemm_kernels(size_t *count);
const mc_s8_gemm_kernel *mc_s8_gemm_kernels(size_t *count);
/** The best one that these instruction sets can run; the plain one is always there. */
const mc_f32_gemm_kernel *mc_f32_gemm_choose(uint32_t isa_bits);
const mc_s16_gemm_kernel *mc_s16_gemm_choose(uint32_t isa_bits);
/** NULL where no set has products of bytes: int16 it is. */
const mc_s8_gemm_kernel *mc_s8_gemm_choose(uint32_t isa_bits);

/** Pack A [rows][depth] in panels of panel_rows. Needs rows rounded up x depth floats. */
void mc_f32_gemm_pack_a(const float *a, size_t rows, size_t depth, size_t panel_rows,
                        float *packed);
/** As above for integers: rows rounded up x depth rounded up to even. */
void mc_s16_gemm_pack_a(const int16_t *a, size_t rows, size_t depth, size_t panel_rows,
                        int16_t *packed);
/** As above for values that int8 holds: rows rounded up x depth rounded up to a multiple of four.
 *  @param row_sums  [rows]: the sum of each row of A, for correcting a zero point of B */
void mc_s8_gemm_pack_a(const int16_t *a, size_t rows, size_t depth, size_t panel_rows,
                       int8_t *packed, int32_t *row_sums);

#endif
