/* Sums and biases are added as doubles, which hold them exactly, and rounded to float once. */
#include "kernels/cpu/lanes_avx2.h"
#include "range_avx2.h"

mc_s32_requantize_fn mc_s32_requantize__avx2;

static inline __m256d add_four(const int32_t *sums, __m256d bias)
{
    return _mm256_add_pd(_mm256_cvtepi32_pd(_mm_loadu_si128((const __m128i *)(const void *)sums)),
                         bias);
}

static inline __m256d load_four(const int32_t *bias)
{
    return _mm256_cvtepi32_pd(_mm_loadu_si128((const __m128i *)(const void *)bias));
}

void mc_s32_requantize__avx2(size_t count, const int32_t *sums, const int32_t *bias,
                             const float *multipliers, size_t step, const mc_quantize_range *to,
                             uint8_t *output)
{
    const mc_range_lanes range = mc_range_lanes_of(to);
    size_t i = 0;
    if (step == 0) {
        const __m256d one_bias = _mm256_set1_pd(*bias);
        const __m256 multiplier = _mm256_set1_ps(*multipliers);
        for (; i + 8 <= count; i += 8) {
            const __m256 value = mc_lanes_from_doubles(add_four(sums + i, one_bias),
                                                       add_four(sums + i + 4, one_bias));
            mc_range_store(&range, _mm256_mul_ps(value, multiplier), output + i);
        }
    } else {
        for (; i + 8 <= count; i += 8) {
            const __m256 value =
                mc_lanes_from_doubles(add_four(sums + i, load_four(bias + i)),
                                      add_four(sums + i + 4, load_four(bias + i + 4)));
            mc_range_store(&range, _mm256_mul_ps(value, _mm256_loadu_ps(multipliers + i)),
                           output + i);
        }
    }
    for (; i < count; i++)
        output[i] =
            mc_quantize_one(to, (float)((int64_t)sums[i] + bias[i * step]) * multipliers[i * step]);
}
