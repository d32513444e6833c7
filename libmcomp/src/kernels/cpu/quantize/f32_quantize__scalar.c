#include "quantize.h"

mc_f32_quantize_fn mc_f32_quantize__scalar;

void mc_f32_quantize__scalar(size_t count, const float *input, float scale,
                             const mc_quantize_range *to, uint8_t *output)
{
    const mc_quantize_range range = *to; /* bytes that are stored may be anything's */
    for (size_t i = 0; i < count; i++)
        output[i] = mc_quantize_one(&range, input[i] / scale);
}
