#include "range_avx2.h"

mc_f32_quantize_fn mc_f32_quantize__avx2;

void mc_f32_quantize__avx2(size_t count, const float *input, float scale,
                           const mc_quantize_range *to, uint8_t *output)
{
    const mc_range_lanes range = mc_range_lanes_of(to);
    const __m256 divisor = _mm256_set1_ps(scale);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        mc_range_store(&range, _mm256_div_ps(_mm256_loadu_ps(input + i), divisor), output + i);
    for (; i < count; i++)
        output[i] = mc_quantize_one(to, input[i] / scale);
}
