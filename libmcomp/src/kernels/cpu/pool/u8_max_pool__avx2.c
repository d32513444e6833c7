/* Sixteen outputs at a time for strides 1 and 2, or eight in shorter rows; the last ones of a row overlap
 * those before them. */
#include "kernels/cpu/bytes_avx2.h"
#include "pool.h"

mc_u8_max_pool_fn mc_u8_max_pool__avx2;

static inline __m128i load(const uint8_t *from, size_t stride)
{
    return stride == 1 ? mc_bytes_load(from) : mc_bytes_every_second(from);
}

static inline void sixteen(const mc_pool_taps *taps, const uint8_t *input, size_t stride,
                           __m128i flip, uint8_t *output)
{
    __m128i greatest = _mm_setzero_si128();
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            const __m128i element =
                load(input + y * taps->row_step + x * taps->column_step, stride);
            greatest = _mm_max_epu8(greatest, _mm_xor_si128(element, flip));
        }
    _mm_storeu_si128((__m128i *)(void *)output, _mm_xor_si128(greatest, flip));
}

static inline void eight(const mc_pool_taps *taps, const uint8_t *input, size_t stride,
                         __m128i flip, uint8_t *output)
{
    __m128i greatest = _mm_setzero_si128();
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            const uint8_t *from = input + y * taps->row_step + x * taps->column_step;
            const __m128i element =
                stride == 1 ? mc_bytes_load_eight(from) : mc_bytes_every_second_of_eight(from);
            greatest = _mm_max_epu8(greatest, _mm_xor_si128(element, flip));
        }
    _mm_storel_epi64((__m128i *)(void *)output, _mm_xor_si128(greatest, flip));
}

static uint8_t one(const mc_pool_taps *taps, const uint8_t *input, uint8_t flip)
{
    uint8_t greatest = 0;
    for (size_t y = 0; y < taps->rows; y++)
        for (size_t x = 0; x < taps->columns; x++) {
            uint8_t element = input[y * taps->row_step + x * taps->column_step] ^ flip;
            greatest = element > greatest ? element : greatest;
        }
    return greatest ^ flip;
}

static inline void row(const mc_pool_taps *taps, const uint8_t *input, size_t stride, __m128i flip,
                       size_t count, uint8_t *output)
{
    for (size_t i = 0; count >= 16 && i < count; i += 16) {
        size_t first = i + 16 <= count ? i : count - 16;
        sixteen(taps, input + first * stride, stride, flip, output + first);
    }
    for (size_t i = 0; count < 16 && i < count; i += 8) {
        size_t first = i + 8 <= count ? i : count - 8;
        eight(taps, input + first * stride, stride, flip, output + first);
    }
}

/* With the top bit turned over, int8 is in the order of uint8. */
void mc_u8_max_pool__avx2(const mc_pool_taps *taps, const uint8_t *input, bool is_signed,
                          size_t count, uint8_t *output)
{
    const uint8_t flip = is_signed ? 0x80 : 0;
    if (count >= 8 && taps->stride == 1)
        row(taps, input, 1, _mm_set1_epi8((char)flip), count, output);
    else if (count >= 8 && taps->stride == 2)
        row(taps, input, 2, _mm_set1_epi8((char)flip), count, output);
    else
        for (size_t i = 0; i < count; i++)
            output[i] = one(taps, input + i * taps->stride, flip);
}
