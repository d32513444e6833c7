/* Sixteen outputs at a time for strides 1 and 2, or eight in shorter rows, in lanes of 16 bits while these
 * hold the sums; the last ones of a row overlap those before them. With the top bit turned over an int8 is a uint8
 * that is 128 more. */
#include "kernels/cpu/bytes_avx2.h"
#include "pool.h"

mc_u8_sum_pool_fn mc_u8_sum_pool__avx2;

static inline __m128i load(const uint8_t *from, size_t stride)
{
    return stride == 1 ? mc_bytes_load(from) : mc_bytes_every_second(from);
}

enum { MAX_TAPS = 257 }; /* of 255 each: below 2^16 */

static inline void sixteen(const mc_pool_taps *taps, const uint8_t *input, size_t stride,
                           bool is_signed, int32_t *sums)
{
    const __m128i flip = _mm_set1_epi8(is_signed ? (char)0x80 : 0);
    const __m256i more =
        _mm256_set1_epi32(is_signed ? 128 * (int32_t)(taps->rows * taps->columns) : 0);
    __m256i sum = _mm256_setzero_si256();
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            const __m128i element =
                load(input + y * taps->row_step + x * taps->column_step, stride);
            sum = _mm256_add_epi16(sum, _mm256_cvtepu8_epi16(_mm_xor_si128(element, flip)));
        }
    const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(sum));
    const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sum, 1));
    _mm256_storeu_si256((__m256i *)(void *)sums, _mm256_sub_epi32(low, more));
    _mm256_storeu_si256((__m256i *)(void *)(sums + 8), _mm256_sub_epi32(high, more));
}

static inline void eight(const mc_pool_taps *taps, const uint8_t *input, size_t stride,
                         bool is_signed, int32_t *sums)
{
    const __m128i flip = _mm_set1_epi8(is_signed ? (char)0x80 : 0);
    const __m256i more =
        _mm256_set1_epi32(is_signed ? 128 * (int32_t)(taps->rows * taps->columns) : 0);
    __m128i sum = _mm_setzero_si128();
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            const uint8_t *from = input + y * taps->row_step + x * taps->column_step;
            const __m128i element =
                stride == 1 ? mc_bytes_load_eight(from) : mc_bytes_every_second_of_eight(from);
            sum = _mm_add_epi16(sum, _mm_cvtepu8_epi16(_mm_xor_si128(element, flip)));
        }
    _mm256_storeu_si256((__m256i *)(void *)sums,
                        _mm256_sub_epi32(_mm256_cvtepu16_epi32(sum), more));
}

static int32_t one(const mc_pool_taps *taps, const uint8_t *input, bool is_signed)
{
    int32_t sum = 0;
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            uint8_t element = input[y * taps->row_step + x * taps->column_step];
            sum += is_signed ? (int8_t)element : element;
        }
    return sum;
}

static inline void row(const mc_pool_taps *taps, const uint8_t *input, size_t stride,
                       bool is_signed, size_t count, int32_t *sums)
{
    for (size_t i = 0; count >= 16 && i < count; i += 16) {
        size_t first = i + 16 <= count ? i : count - 16;
        sixteen(taps, input + first * stride, stride, is_signed, sums + first);
    }
    for (size_t i = 0; count < 16 && i < count; i += 8) {
        size_t first = i + 8 <= count ? i : count - 8;
        eight(taps, input + first * stride, stride, is_signed, sums + first);
    }
}

void mc_u8_sum_pool__avx2(const mc_pool_taps *taps, const uint8_t *input, bool is_signed,
                          size_t count, int32_t *sums)
{
    bool at_once = count >= 8 && taps->rows * taps->columns <= MAX_TAPS;
    if (at_once && taps->stride == 1)
        row(taps, input, 1, is_signed, count, sums);
    else if (at_once && taps->stride == 2)
        row(taps, input, 2, is_signed, count, sums);
    else
        for (size_t i = 0; i < count; i++)
            sums[i] = one(taps, input + i * taps->stride, is_signed);
}
