#include "pool.h"

mc_u8_sum_pool_fn mc_u8_sum_pool__scalar;

void mc_u8_sum_pool__scalar(const mc_pool_taps *taps, const uint8_t *input, bool is_signed,
                            size_t count, int32_t *sums)
{
    for (size_t i = 0; i < count; i++, input += taps->stride) {
        int32_t sum = 0;
        for (size_t y = 0; y < taps->rows; y++)
            for (size_t x = 0; x < taps->columns; x++) {
                uint8_t element = input[y * taps->row_step + x * taps->column_step];
                sum += is_signed ? (int8_t)element : element;
            }
        sums[i] = sum;
    }
}
