/* Eight elements at a time; the exponents that networks have are square roots. */
#include <math.h>

#include "kernels/cpu/lanes_avx2.h"
#include "lrn.h"

mc_f32_lrn_fn mc_f32_lrn__avx2;

static inline __m256 raise(__m256 base, float beta)
{
    if (beta == 0.75f) {
        const __m256 root = _mm256_sqrt_ps(base);
        return _mm256_mul_ps(root, _mm256_sqrt_ps(root));
    }
    if (beta == 0.5f)
        return _mm256_sqrt_ps(base);
    if (beta == 1)
        return base;
    float lanes[8];
    _mm256_storeu_ps(lanes, base);
    for (int lane = 0; lane < 8; lane++)
        lanes[lane] = powf(lanes[lane], beta);
    return _mm256_loadu_ps(lanes);
}

void mc_f32_lrn__avx2(const mc_lrn_window *window, const mc_lrn_factors *factors, size_t count,
                      float *output)
{
    const __m256 factor = _mm256_set1_ps(factors->factor), bias = _mm256_set1_ps(factors->bias);
    for (size_t i = 0; i < count; i += 8) {
        const __m256i mask = mc_lanes_below(count - i);
        __m256 sum = _mm256_setzero_ps();
        for (size_t c = 0; c < window->channels; c++) {
            const __m256 element = _mm256_maskload_ps(window->first + c * window->stride + i, mask);
            sum = _mm256_fmadd_ps(element, element, sum);
        }
        const __m256 power = raise(_mm256_fmadd_ps(factor, sum, bias), factors->beta);
        const __m256 centre = _mm256_maskload_ps(window->centre + i, mask);
        _mm256_maskstore_ps(output + i, mask, _mm256_div_ps(centre, power));
    }
}
