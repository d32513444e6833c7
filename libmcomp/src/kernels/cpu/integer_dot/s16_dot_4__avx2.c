/* Multiplies pairs of int16 and adds them to int32 (vpmaddwd): exact, nothing saturates. */
#include <immintrin.h>

#include "integer_dot.h"

mc_s16_dot_fn mc_s16_dot_4__avx2;

static inline __m256i load(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

static inline int32_t sum_lanes(__m256i lanes)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    half = _mm_add_epi32(half, _mm_srli_si128(half, 8));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_srli_si128(half, 4)));
}

void mc_s16_dot_4__avx2(size_t depth, const int16_t *rows, size_t row_count, const int16_t *vector,
                        int32_t *sums)
{
    enum { ROWS = MC_INTEGER_DOT_ROWS };
    __m256i lanes[ROWS];
    const int16_t *row[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        lanes[r] = _mm256_setzero_si256();
        row[r] =
            rows + (r < row_count ? r : 0) * depth; /* unused ones read row 0 and are dropped */
    }
    size_t k = 0;
    for (; k + 16 <= depth; k += 16) {
        const __m256i element = load(vector + k);
        for (size_t r = 0; r < ROWS; r++)
            lanes[r] = _mm256_add_epi32(lanes[r], _mm256_madd_epi16(load(row[r] + k), element));
    }
    for (size_t r = 0; r < row_count; r++) {
        int32_t sum = sum_lanes(lanes[r]);
        for (size_t tail = k; tail < depth; tail++)
            sum += row[r][tail] * vector[tail];
        sums[r] = sum;
    }
}
