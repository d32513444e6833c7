#include "reduce.h"

mc_u8_sum_fn mc_u8_sum__scalar;

int64_t mc_u8_sum__scalar(size_t count, const uint8_t *input, bool is_signed)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += is_signed ? (int8_t)input[i] : input[i];
    return sum;
}
