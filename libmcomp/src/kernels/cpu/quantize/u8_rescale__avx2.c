#include "range_avx2.h"

mc_u8_rescale_fn mc_u8_rescale__avx2;

void mc_u8_rescale__avx2(size_t count, const mc_quantize_operand *operand,
                         const mc_quantize_range *to, uint8_t *output)
{
    const mc_range_lanes range = mc_range_lanes_of(to);
    const mc_operand_lanes lanes = mc_operand_lanes_of(operand);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        mc_range_store(&range, mc_operand_load(&lanes, operand->elements + i), output + i);
    for (; i < count; i++)
        output[i] = mc_quantize_one(to, mc_quantize_real(operand, i));
}
