#include "quantize.h"

mc_u8_add_fn mc_u8_add__scalar;

void mc_u8_add__scalar(size_t count, const mc_quantize_operand *a, const mc_quantize_operand *b,
                       const mc_quantize_range *to, uint8_t *output)
{
    const mc_quantize_operand left = *a, right = *b; /* bytes that are stored may be anything's */
    const mc_quantize_range range = *to;
    for (size_t i = 0; i < count; i++)
        output[i] =
            mc_quantize_one(&range, mc_quantize_real(&left, i) + mc_quantize_real(&right, i));
}
