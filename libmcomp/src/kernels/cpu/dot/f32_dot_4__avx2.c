#include <immintrin.h>

#include "dot.h"

void mc_f32_dot_4__avx2(size_t depth, const float *rows, size_t row_count, const float *vector,
                        float *sums);

static inline float sum_lanes(__m256 lanes)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

void mc_f32_dot_4__avx2(size_t depth, const float *rows, size_t row_count, const float *vector,
                        float *sums)
{
    enum { ROWS = 4 };
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256 even[ROWS], odd[ROWS];
    const float *row[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        even[r] = odd[r] = _mm256_setzero_ps();
        row[r] =
            rows + (r < row_count ? r : 0) * depth; /* unused ones read row 0 and are dropped */
    }
    size_t k = 0;
    for (; k + 16 <= depth; k += 16)
        for (size_t r = 0; r < ROWS; r++) {
            even[r] =
                _mm256_fmadd_ps(_mm256_loadu_ps(row[r] + k), _mm256_loadu_ps(vector + k), even[r]);
            odd[r] = _mm256_fmadd_ps(_mm256_loadu_ps(row[r] + k + 8),
                                     _mm256_loadu_ps(vector + k + 8), odd[r]);
        }
    for (; k < depth; k += 8) {
        __m256i mask =
            _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(depth - k < 8 ? depth - k : 8)), lanes);
        for (size_t r = 0; r < ROWS; r++)
            even[r] = _mm256_fmadd_ps(_mm256_maskload_ps(row[r] + k, mask),
                                      _mm256_maskload_ps(vector + k, mask), even[r]);
    }
    for (size_t r = 0; r < row_count; r++)
        sums[r] = sum_lanes(_mm256_add_ps(even[r], odd[r]));
}
