#include "kernels/cpu/bytes_avx2.h"
#include "reduce.h"

mc_u8_greatest_fn mc_u8_greatest__avx2;

/* With the top bit turned over, int8 is in the order of uint8. */
uint8_t mc_u8_greatest__avx2(size_t count, const uint8_t *input, bool is_signed)
{
    const uint8_t flip = is_signed ? 0x80 : 0;
    uint8_t greatest = 0;
    size_t i = 0;
    if (count >= 16) {
        const __m128i flips = _mm_set1_epi8((char)flip);
        __m128i lanes = _mm_setzero_si128();
        for (; i + 16 <= count; i += 16)
            lanes = _mm_max_epu8(lanes, _mm_xor_si128(mc_bytes_load(input + i), flips));
        lanes = _mm_max_epu8(lanes, _mm_srli_si128(lanes, 8));
        lanes = _mm_max_epu8(lanes, _mm_srli_si128(lanes, 4));
        lanes = _mm_max_epu8(lanes, _mm_srli_si128(lanes, 2));
        lanes = _mm_max_epu8(lanes, _mm_srli_si128(lanes, 1));
        greatest = (uint8_t)_mm_extract_epi8(lanes, 0);
    }
    for (; i < count; i++) {
        uint8_t element = input[i] ^ flip;
        greatest = element > greatest ? element : greatest;
    }
    return greatest ^ flip;
}
