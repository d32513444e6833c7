/** @file bytes_avx2.h
 *  What vector kernels for AVX2 on quantised elements share. */
#ifndef MC_BYTES_AVX2_H
#define MC_BYTES_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/** Sixteen bytes. */
static inline __m128i mc_bytes_load(const uint8_t *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

/** Every second byte: from[0], from[2], ... from[30]; from[31] is not read. */
static inline __m128i mc_bytes_every_second(const uint8_t *from)
{
    const __m128i first = _mm_and_si128(mc_bytes_load(from), _mm_set1_epi16(0xff));
    return _mm_packus_epi16(first, _mm_srli_epi16(mc_bytes_load(from + 15), 8));
}

/** Eight bytes, in the low half. */
static inline __m128i mc_bytes_load_eight(const uint8_t *from)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)from);
}

/** from[0], from[2], ... from[14] in the low half; from[15] is not read. */
static inline __m128i mc_bytes_every_second_of_eight(const uint8_t *from)
{
    const __m128i first = _mm_and_si128(mc_bytes_load_eight(from), _mm_set1_epi16(0xff));
    const __m128i second = _mm_srli_epi16(mc_bytes_load_eight(from + 7), 8);
    return _mm_packus_epi16(_mm_unpacklo_epi64(first, second), first);
}

#endif
