#include "quantize.h"

mc_f32_dequantize_fn mc_f32_dequantize__scalar;

void mc_f32_dequantize__scalar(size_t count, const mc_quantize_operand *operand, float *output)
{
    for (size_t i = 0; i < count; i++)
        output[i] = mc_quantize_real(operand, i);
}
