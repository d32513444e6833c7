#include "range_avx2.h"

mc_u8_add_fn mc_u8_add__avx2;

void mc_u8_add__avx2(size_t count, const mc_quantize_operand *a, const mc_quantize_operand *b,
                     const mc_quantize_range *to, uint8_t *output)
{
    const mc_range_lanes range = mc_range_lanes_of(to);
    const mc_operand_lanes a_lanes = mc_operand_lanes_of(a), b_lanes = mc_operand_lanes_of(b);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256 sum = _mm256_add_ps(mc_operand_load(&a_lanes, a->elements + i),
                                         mc_operand_load(&b_lanes, b->elements + i));
        mc_range_store(&range, sum, output + i);
    }
    for (; i < count; i++)
        output[i] = mc_quantize_one(to, mc_quantize_real(a, i) + mc_quantize_real(b, i));
}
