#include <math.h>

#include "pool.h"

mc_f32_max_pool_fn mc_f32_max_pool__scalar;

void mc_f32_max_pool__scalar(const mc_pool_taps *taps, const float *input, size_t count,
                             float *output)
{
    for (size_t i = 0; i < count; i++, input += taps->stride) {
        float greatest = -INFINITY;
        bool no_number = false; /* apart, so that the loop has no branches */
        for (size_t y = 0; y < taps->rows; y++)
            for (size_t x = 0; x < taps->columns; x++) {
                float element = input[y * taps->row_step + x * taps->column_step];
                greatest = element > greatest ? element : greatest;
                no_number |= isnan(element) != 0;
            }
        output[i] = no_number ? NAN : greatest;
    }
}
