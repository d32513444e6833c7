#include "pool.h"

mc_f32_average_pool_fn mc_f32_average_pool__scalar;

void mc_f32_average_pool__scalar(const mc_pool_taps *taps, const float *input, double divisor,
                                 size_t count, float *output)
{
    for (size_t i = 0; i < count; i++, input += taps->stride) {
        double sum = 0;
        for (size_t y = 0; y < taps->rows; y++)
            for (size_t x = 0; x < taps->columns; x++)
                sum += (double)input[y * taps->row_step + x * taps->column_step];
        output[i] = (float)(sum / divisor);
    }
}
