/* Twelve accumulators, two vectors of B, one broadcast of A: 15 of the 16 registers, two FMA a
 * broadcast. */
#include <immintrin.h>

#include "gemm.h"

enum { ROWS = 6 };

void mc_f32_gemm_6x16__avx2(size_t depth, const float *a, const float *b, float *c, size_t c_stride,
                            size_t rows, size_t columns, const mc_gemm_tail *tail);

/* Lanes below count are all ones. */
static inline __m256i lanes_below(size_t count)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes);
}

/* Eight columns of one row. With a NaN as second operand max and min give it back: it stays. */
static inline __m256 finish(__m256 sum, float bias, const float *residual, __m256i mask,
                            const mc_gemm_tail *tail)
{
    sum = _mm256_add_ps(sum, _mm256_set1_ps(bias));
    if (residual)
        sum = _mm256_add_ps(sum, _mm256_maskload_ps(residual, mask));
    sum = _mm256_max_ps(_mm256_set1_ps(tail->low), sum);
    return _mm256_min_ps(_mm256_set1_ps(tail->high), sum);
}

#define STEP(row)                                                                                  \
    do {                                                                                           \
        const __m256 factor = _mm256_broadcast_ss(a + row);                                        \
        left[row] = _mm256_fmadd_ps(factor, b_left, left[row]);                                    \
        right[row] = _mm256_fmadd_ps(factor, b_right, right[row]);                                 \
    } while (0)

void mc_f32_gemm_6x16__avx2(size_t depth, const float *a, const float *b, float *c, size_t c_stride,
                            size_t rows, size_t columns, const mc_gemm_tail *tail)
{
    __m256 left[ROWS], right[ROWS];
    for (int row = 0; row < ROWS; row++)
        left[row] = right[row] = _mm256_setzero_ps();
    for (size_t k = 0; k < depth; k++, a += ROWS, b += 16) {
        const __m256 b_left = _mm256_load_ps(b);
        const __m256 b_right = _mm256_load_ps(b + 8);
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
        STEP(4);
        STEP(5);
    }
    const __m256i mask_left = lanes_below(columns);
    const __m256i mask_right = lanes_below(columns > 8 ? columns - 8 : 0);
    for (size_t row = 0; row < rows; row++) {
        const float *residual = tail->residual ? tail->residual + row * c_stride : NULL;
        float *out = c + row * c_stride;
        _mm256_maskstore_ps(out, mask_left,
                            finish(left[row], tail->bias[row], residual, mask_left, tail));
        if (columns > 8)
            _mm256_maskstore_ps(out + 8, mask_right,
                                finish(right[row], tail->bias[row], residual ? residual + 8 : NULL,
                                       mask_right, tail));
    }
}
