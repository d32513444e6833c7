/* Eight lines at a time, each in its lane. */
#include <math.h>

#include "kernels/cpu/exp_avx2.h"
#include "kernels/cpu/lanes_avx2.h"
#include "softmax.h"

mc_f32_softmax_lines_fn mc_f32_softmax_lines__avx2;

static inline void eight(size_t count, size_t stride, __m256i mask, const float *input,
                         float *output)
{
    __m256 greatest = _mm256_set1_ps(-INFINITY);
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    /* What is not a number does not count here: its exponential will make the sum none. */
    for (size_t i = 0; i < count; i++)
        greatest = _mm256_max_ps(_mm256_maskload_ps(input + i * stride, mask), greatest);
    for (size_t i = 0; i < count; i++) {
        const __m256 element = _mm256_maskload_ps(input + i * stride, mask);
        const __m256 power = mc_exp_lanes(_mm256_sub_ps(element, greatest));
        _mm256_maskstore_ps(output + i * stride, mask, power);
        low = _mm256_add_pd(low, mc_lanes_low_double(power));
        high = _mm256_add_pd(high, mc_lanes_high_double(power));
    }
    const __m256d one = _mm256_set1_pd(1);
    const __m256 factor = mc_lanes_from_doubles(_mm256_div_pd(one, low), _mm256_div_pd(one, high));
    for (size_t i = 0; i < count; i++) {
        const __m256 power = _mm256_maskload_ps(output + i * stride, mask);
        _mm256_maskstore_ps(output + i * stride, mask, _mm256_mul_ps(power, factor));
    }
}

void mc_f32_softmax_lines__avx2(size_t count, size_t stride, size_t lines, const float *input,
                                float *output)
{
    for (size_t line = 0; line < lines; line += 8)
        eight(count, stride, mc_lanes_below(lines - line), input + line, output + line);
}
