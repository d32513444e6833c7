/** @file range_avx2.h
 *  Eight reals to eight bytes, and back. Tails are done one by one: the same arithmetic, the same bits. */
#ifndef MC_RANGE_AVX2_H
#define MC_RANGE_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "quantize.h"

/** A mc_quantize_range in every lane. */
typedef struct mc_range_lanes {
    __m256 low, high;
    __m256i zero_point;
} mc_range_lanes;

static inline mc_range_lanes mc_range_lanes_of(const mc_quantize_range *to)
{
    return (mc_range_lanes){_mm256_set1_ps(to->low), _mm256_set1_ps(to->high),
                            _mm256_set1_epi32(to->zero_point)};
}

/** Eight integers, one a lane. max gives its second operand where the first is not a number; the
 * conversion rounds to nearest even. */
static inline __m256i mc_range_round(const mc_range_lanes *to, __m256 value)
{
    value = _mm256_min_ps(_mm256_max_ps(value, to->low), to->high);
    return _mm256_add_epi32(_mm256_cvtps_epi32(value), to->zero_point);
}

/** The lanes' low bytes, in order. */
static inline uint64_t mc_range_bytes(__m256i integers)
{
    const __m256i low_bytes =
        _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12,
                         -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i packed = _mm256_shuffle_epi8(integers, low_bytes);
    return (uint64_t)_mm_cvtsi128_si64(
        _mm_unpacklo_epi32(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1)));
}

static inline void mc_range_store(const mc_range_lanes *to, __m256 value, uint8_t *output)
{
    uint64_t bytes = mc_range_bytes(mc_range_round(to, value));
    memcpy(output, &bytes, sizeof bytes);
}

/** A mc_quantize_operand in every lane. */
typedef struct mc_operand_lanes {
    __m256 multiplier;
    __m256i zero_point;
    bool is_signed;
} mc_operand_lanes;

static inline mc_operand_lanes mc_operand_lanes_of(const mc_quantize_operand *operand)
{
    return (mc_operand_lanes){_mm256_set1_ps(operand->multiplier),
                              _mm256_set1_epi32(operand->zero_point), operand->is_signed};
}

/** The reals of eight elements. */
static inline __m256 mc_operand_load(const mc_operand_lanes *operand, const uint8_t *elements)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)elements);
    const __m256i q =
        operand->is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(q, operand->zero_point)),
                         operand->multiplier);
}

#endif
