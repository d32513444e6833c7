/* Multiplies pairs of int16 and adds them to int32 (vpmaddwd): exact, nothing saturates. */
#include <immintrin.h>
#include <string.h>

#include "gemm.h"

enum { ROWS = 6 };

void mc_s16_gemm_6x16__avx2(size_t depth_pairs, const int16_t *a, const int16_t *b, int32_t *sums);

static inline __m256i broadcast_pair(const int16_t *pair)
{
    int32_t bits;
    memcpy(&bits, pair, sizeof bits);
    return _mm256_set1_epi32(bits);
}

#define STEP(row)                                                                                  \
    do {                                                                                           \
        const __m256i pair = broadcast_pair(a + 2 * row);                                          \
        left[row] = _mm256_add_epi32(left[row], _mm256_madd_epi16(pair, b_left));                  \
        right[row] = _mm256_add_epi32(right[row], _mm256_madd_epi16(pair, b_right));               \
    } while (0)

void mc_s16_gemm_6x16__avx2(size_t depth_pairs, const int16_t *a, const int16_t *b, int32_t *sums)
{
    __m256i left[ROWS], right[ROWS];
    for (int row = 0; row < ROWS; row++)
        left[row] = right[row] = _mm256_setzero_si256();
    for (size_t k = 0; k < depth_pairs; k++, a += 2 * ROWS, b += 32) {
        const __m256i b_left = _mm256_load_si256((const __m256i *)(const void *)b);
        const __m256i b_right = _mm256_load_si256((const __m256i *)(const void *)(b + 16));
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
        STEP(4);
        STEP(5);
    }
    for (int row = 0; row < ROWS; row++) {
        _mm256_storeu_si256((__m256i *)(void *)(sums + 16 * row), left[row]);
        _mm256_storeu_si256((__m256i *)(void *)(sums + 16 * row + 8), right[row]);
    }
}
