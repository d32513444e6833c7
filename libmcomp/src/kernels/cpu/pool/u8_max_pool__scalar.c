#include "pool.h"

mc_u8_max_pool_fn mc_u8_max_pool__scalar;

/* With the top bit turned over, int8 is in the order of uint8. */
void mc_u8_max_pool__scalar(const mc_pool_taps *taps, const uint8_t *input, bool is_signed,
                            size_t count, uint8_t *output)
{
    const uint8_t flip = is_signed ? 0x80 : 0;
    for (size_t i = 0; i < count; i++, input += taps->stride) {
        uint8_t greatest = 0;
        for (size_t y = 0; y < taps->rows; y++)
            for (size_t x = 0; x < taps->columns; x++) {
                uint8_t element = input[y * taps->row_step + x * taps->column_step] ^ flip;
                greatest = element > greatest ? element : greatest;
            }
        output[i] = greatest ^ flip;
    }
}
