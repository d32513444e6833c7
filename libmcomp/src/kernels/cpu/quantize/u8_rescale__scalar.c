#include "quantize.h"

mc_u8_rescale_fn mc_u8_rescale__scalar;

void mc_u8_rescale__scalar(size_t count, const mc_quantize_operand *operand,
                           const mc_quantize_range *to, uint8_t *output)
{
    const mc_quantize_operand from = *operand; /* bytes that are stored may be anything's */
    const mc_quantize_range range = *to;
    for (size_t i = 0; i < count; i++)
        output[i] = mc_quantize_one(&range, mc_quantize_real(&from, i));
}
