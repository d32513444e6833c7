#include "quantize.h"

mc_u8_add_fn mc_u8_add__scalar;

void mc_u8_add__scalar(size_t count, const mc_quantize_operand *a, const mc_quantize_operand *b,
                       const mc_quantize_range *to, uint8_t *output)
{
    for (size_t i = 0; i < count; i++)
        output[i] = mc_quantize_one(to, mc_quantize_real(a, i) + mc_quantize_real(b, i));
}
