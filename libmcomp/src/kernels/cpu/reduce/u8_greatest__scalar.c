#include "reduce.h"

mc_u8_greatest_fn mc_u8_greatest__scalar;

/* With the top bit turned over, int8 is in the order of uint8. */
uint8_t mc_u8_greatest__scalar(size_t count, const uint8_t *input, bool is_signed)
{
    const uint8_t flip = is_signed ? 0x80 : 0;
    uint8_t greatest = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t element = input[i] ^ flip;
        greatest = element > greatest ? element : greatest;
    }
    return greatest ^ flip;
}
