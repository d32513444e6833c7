#include <math.h>

#include "kernels/cpu/exp_avx2.h"
#include "kernels/cpu/lanes_avx2.h"
#include "softmax.h"

mc_f32_softmax_fn mc_f32_softmax__avx2;

/* What is not a number does not count here: its exponential will make the sum none. */
static float find_greatest(size_t count, const float *input)
{
    __m256 greatest = _mm256_set1_ps(-INFINITY);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        greatest = _mm256_max_ps(_mm256_loadu_ps(input + i), greatest);
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(greatest), _mm256_extractf128_ps(greatest, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    float most = _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
    for (; i < count; i++)
        most = input[i] > most ? input[i] : most;
    return most;
}

void mc_f32_softmax__avx2(size_t count, const float *input, float *output)
{
    const __m256 greatest = _mm256_set1_ps(find_greatest(count, input));
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    for (size_t i = 0; i < count; i += 8) {
        const __m256i mask = mc_lanes_below(count - i);
        const __m256 difference = _mm256_sub_ps(_mm256_maskload_ps(input + i, mask), greatest);
        const __m256 power = _mm256_and_ps(mc_exp_lanes(difference), _mm256_castsi256_ps(mask));
        _mm256_maskstore_ps(output + i, mask, power);
        low = _mm256_add_pd(low, mc_lanes_low_double(power));
        high = _mm256_add_pd(high, mc_lanes_high_double(power));
    }
    const float factor = (float)(1 / mc_lanes_sum_doubles(_mm256_add_pd(low, high)));
    for (size_t i = 0; i < count; i++)
        output[i] *= factor;
}
