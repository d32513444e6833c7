/** @file exp_avx2.h
 *  The exponential of eight floats. */
#ifndef MC_EXP_AVX2_H
#define MC_EXP_AVX2_H

#include <immintrin.h>

/** 2^power, power from -126 to 127. */
static inline __m256 mc_exp_power_of_two(__m256i power)
{
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(power, _mm256_set1_epi32(127)), 23));
}

/** Within 2^-22 of exp(x), relatively, where that is above 2^-126; below, within 2^-126. What is not a
 *  number stays so, infinities and overflow as in exp.
 *
 *  x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two floats whose products are taken off by FMA; exp(r)
 *  by its series up to r^7, whose rest is below 2^-27; 2^n by two factors, since n may be 128 or below
 *  -126. */
static inline __m256 mc_exp_lanes(__m256 x)
{
    const __m256 ln2_high = _mm256_set1_ps(0x1.62e430p-1f);
    const __m256 ln2_low = _mm256_set1_ps(-0x1.05c610p-29f);
    /* max gives its second operand where one is not a number, min likewise. */
    x = _mm256_max_ps(_mm256_set1_ps(-104), x);
    x = _mm256_min_ps(_mm256_set1_ps(89), x);
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(0x1.715476p+0f)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256 r = _mm256_fnmadd_ps(n, ln2_low, _mm256_fnmadd_ps(n, ln2_high, x));
    __m256 sum = _mm256_set1_ps(1.0f / 5040);
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0f / 720));
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0f / 120));
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0f / 24));
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0f / 6));
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0.5f));
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1));
    sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1));
    const __m256i power = _mm256_cvtps_epi32(n);
    const __m256i half = _mm256_srai_epi32(power, 1);
    sum = _mm256_mul_ps(sum, mc_exp_power_of_two(half));
    return _mm256_mul_ps(sum, mc_exp_power_of_two(_mm256_sub_epi32(power, half)));
}

#endif
