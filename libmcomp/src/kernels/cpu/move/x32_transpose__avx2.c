/* Squares of 8 by 8 in registers; edges one by one. */
#include <immintrin.h>

#include "move.h"

enum { SQUARE = 8 };

mc_x32_transpose_fn mc_x32_transpose__avx2;

static inline __m256 load(const uint32_t *from)
{
    return _mm256_castsi256_ps(_mm256_loadu_si256((const __m256i *)(const void *)from));
}

static inline void store(uint32_t *to, __m256 lanes)
{
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_castps_si256(lanes));
}

/* Pairs, fours, then halves change places. */
static inline void turn(const uint32_t *input, size_t input_stride, uint32_t *output,
                        size_t output_stride)
{
    __m256 pairs[SQUARE], fours[SQUARE];
    for (size_t r = 0; r < SQUARE; r += 2) {
        const __m256 even = load(input + r * input_stride);
        const __m256 odd = load(input + (r + 1) * input_stride);
        pairs[r] = _mm256_unpacklo_ps(even, odd);
        pairs[r + 1] = _mm256_unpackhi_ps(even, odd);
    }
    for (size_t r = 0; r < SQUARE; r += 4)
        for (size_t half = 0; half < 2; half++) {
            const __m256 upper = pairs[r + half], lower = pairs[r + 2 + half];
            fours[r + 2 * half] = _mm256_shuffle_ps(upper, lower, _MM_SHUFFLE(1, 0, 1, 0));
            fours[r + 2 * half + 1] = _mm256_shuffle_ps(upper, lower, _MM_SHUFFLE(3, 2, 3, 2));
        }
    for (size_t c = 0; c < 4; c++) {
        store(output + c * output_stride, _mm256_permute2f128_ps(fours[c], fours[c + 4], 0x20));
        store(output + (c + 4) * output_stride,
              _mm256_permute2f128_ps(fours[c], fours[c + 4], 0x31));
    }
}

void mc_x32_transpose__avx2(size_t rows, size_t columns, const uint32_t *input, size_t input_stride,
                            uint32_t *output, size_t output_stride)
{
    const size_t whole_rows = rows / SQUARE * SQUARE, whole_columns = columns / SQUARE * SQUARE;
    for (size_t c = 0; c < whole_columns; c += SQUARE)
        for (size_t r = 0; r < whole_rows; r += SQUARE)
            turn(input + r * input_stride + c, input_stride, output + c * output_stride + r,
                 output_stride);
    for (size_t c = 0; c < columns; c++)
        for (size_t r = c < whole_columns ? whole_rows : 0; r < rows; r++)
            output[c * output_stride + r] = input[r * input_stride + c];
}
