#include "kernels/cpu/lanes_avx2.h"
#include "reduce.h"

mc_f32_sum_fn mc_f32_sum__avx2;

double mc_f32_sum__avx2(size_t count, const float *input)
{
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm_loadu_ps(input + i)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm_loadu_ps(input + i + 4)));
    }
    if (i < count) {
        const __m256 element = _mm256_maskload_ps(input + i, mc_lanes_below(count - i));
        low = _mm256_add_pd(low, mc_lanes_low_double(element));
        high = _mm256_add_pd(high, mc_lanes_high_double(element));
    }
    return mc_lanes_sum_doubles(_mm256_add_pd(low, high));
}
