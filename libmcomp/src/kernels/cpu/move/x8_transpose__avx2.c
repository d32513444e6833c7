/* Squares of 8 by 8 in registers; edges one by one. */
#include <immintrin.h>

#include "move.h"

enum { SQUARE = 8 };

mc_x8_transpose_fn mc_x8_transpose__avx2;

static inline __m128i load(const uint8_t *from)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)from);
}

/* Two columns, one in each half. */
static inline void store(uint8_t *to, size_t stride, __m128i columns)
{
    _mm_storel_epi64((__m128i *)(void *)to, columns);
    _mm_storel_epi64((__m128i *)(void *)(to + stride), _mm_unpackhi_epi64(columns, columns));
}

/* Bytes of two rows, of four, then of all eight come beside each other. */
static inline void turn(const uint8_t *input, size_t input_stride, uint8_t *output,
                        size_t output_stride)
{
    __m128i twos[4], fours[4];
    for (size_t r = 0; r < 4; r++)
        twos[r] = _mm_unpacklo_epi8(load(input + 2 * r * input_stride),
                                    load(input + (2 * r + 1) * input_stride));
    for (size_t half = 0; half < 2; half++) {
        fours[2 * half] = _mm_unpacklo_epi16(twos[2 * half], twos[2 * half + 1]);
        fours[2 * half + 1] = _mm_unpackhi_epi16(twos[2 * half], twos[2 * half + 1]);
    }
    for (size_t c = 0; c < 2; c++) {
        store(output + 4 * c * output_stride, output_stride,
              _mm_unpacklo_epi32(fours[c], fours[c + 2]));
        store(output + (4 * c + 2) * output_stride, output_stride,
              _mm_unpackhi_epi32(fours[c], fours[c + 2]));
    }
}

void mc_x8_transpose__avx2(size_t rows, size_t columns, const uint8_t *input, size_t input_stride,
                           uint8_t *output, size_t output_stride)
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
