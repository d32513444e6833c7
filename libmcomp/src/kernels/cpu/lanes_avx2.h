/** @file lanes_avx2.h
 *  What vector kernels for AVX2 share: tails by masks, so that every element is computed by the same
 *  instructions wherever it lies. */
#ifndef MC_LANES_AVX2_H
#define MC_LANES_AVX2_H

#include <immintrin.h>
#include <stddef.h>

/** Lanes below count are all ones; all of them from 8 on. */
static inline __m256i mc_lanes_below(size_t count)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? (int)count : 8), lanes);
}

/** min(max(value, low), high); what is not a number stays so. */
static inline __m256 mc_lanes_clamp(__m256 value, __m256 low, __m256 high)
{
    return _mm256_min_ps(high, _mm256_max_ps(low, value));
}

/** Eight floats as two times four doubles. */
static inline __m256d mc_lanes_low_double(__m256 lanes)
{
    return _mm256_cvtps_pd(_mm256_castps256_ps128(lanes));
}

static inline __m256d mc_lanes_high_double(__m256 lanes)
{
    return _mm256_cvtps_pd(_mm256_extractf128_ps(lanes, 1));
}

/** ... and back, each rounded once. */
static inline __m256 mc_lanes_from_doubles(__m256d low, __m256d high)
{
    return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
}

/** Every second float: from[0], from[2], ... from[14]; from[15] is not read. */
static inline __m256 mc_lanes_every_second(const float *from)
{
    const __m256 mixed = _mm256_shuffle_ps(_mm256_loadu_ps(from), _mm256_loadu_ps(from + 7),
                                           _MM_SHUFFLE(3, 1, 2, 0));
    return _mm256_castpd_ps(
        _mm256_permute4x64_pd(_mm256_castps_pd(mixed), _MM_SHUFFLE(3, 1, 2, 0)));
}

/** Sum of the four, in this order whatever the length of what was added up. */
static inline double mc_lanes_sum_doubles(__m256d lanes)
{
    const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(lanes), _mm256_extractf128_pd(lanes, 1));
    return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}

#endif
