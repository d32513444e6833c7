#include "range_avx2.h"

mc_f32_dequantize_fn mc_f32_dequantize__avx2;

void mc_f32_dequantize__avx2(size_t count, const mc_quantize_operand *operand, float *output)
{
    const mc_operand_lanes lanes = mc_operand_lanes_of(operand);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(output + i, mc_operand_load(&lanes, operand->elements + i));
    for (; i < count; i++)
        output[i] = mc_quantize_real(operand, i);
}
