#include "quantize.h"

mc_s32_requantize_fn mc_s32_requantize__scalar;

void mc_s32_requantize__scalar(size_t count, const int32_t *sums, const int32_t *bias,
                               const float *multipliers, size_t step, const mc_quantize_range *to,
                               uint8_t *output)
{
    const mc_quantize_range range = *to; /* bytes that are stored may be anything's */
    for (size_t i = 0; i < count; i++)
        output[i] = mc_quantize_one(&range, (float)((int64_t)sums[i] + bias[i * step]) *
                                                multipliers[i * step]);
}
