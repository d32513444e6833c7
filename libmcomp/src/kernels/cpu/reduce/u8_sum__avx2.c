/* Sums of absolute differences from 0 add eight bytes at once. With the top bit turned over an int8
 * is a uint8 that is 128 more. */
#include <immintrin.h>

#include "reduce.h"

mc_u8_sum_fn mc_u8_sum__avx2;

int64_t mc_u8_sum__avx2(size_t count, const uint8_t *input, bool is_signed)
{
    const uint8_t flip = is_signed ? 0x80 : 0;
    const __m256i flips = _mm256_set1_epi8((char)flip), zero = _mm256_setzero_si256();
    __m256i sums = zero;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(input + i));
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_xor_si256(bytes, flips), zero));
    }
    const __m128i half =
        _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    int64_t sum = _mm_cvtsi128_si64(half) + _mm_extract_epi64(half, 1);
    for (; i < count; i++)
        sum += input[i] ^ flip;
    return is_signed ? sum - 128 * (int64_t)count : sum;
}
