#include "elementwise.h"
#include "kernels/cpu/lanes_avx2.h"

mc_f32_normalize_fn mc_f32_normalize__avx2;

static inline __m256 normalize(__m256 x, __m256 mean, __m256 factor, __m256 shift)
{
    return _mm256_fmadd_ps(_mm256_sub_ps(x, mean), factor, shift);
}

void mc_f32_normalize__avx2(float mean, float factor, float shift, size_t count, const float *input,
                            float *output)
{
    const __m256 means = _mm256_set1_ps(mean), factors = _mm256_set1_ps(factor);
    const __m256 shifts = _mm256_set1_ps(shift);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(output + i, normalize(_mm256_loadu_ps(input + i), means, factors, shifts));
    if (i < count) {
        const __m256i mask = mc_lanes_below(count - i);
        const __m256 x = _mm256_maskload_ps(input + i, mask);
        _mm256_maskstore_ps(output + i, mask, normalize(x, means, factors, shifts));
    }
}
