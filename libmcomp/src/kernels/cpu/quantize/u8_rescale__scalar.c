#include "quantize.h"

mc_u8_rescale_fn mc_u8_rescale__scalar;

void mc_u8_rescale__scalar(size_t count, const mc_quantize_operand *operand,
                           const mc_quantize_range *to, uint8_t *output)
{
    for (size_t i = 0; i < count; i++)
        output[i] = mc_quantize_one(to, mc_quantize_real(operand, i));
}
