#include "reduce.h"

mc_f32_sum_fn mc_f32_sum__scalar;

/* Four sums, so that additions need not wait for each other. */
double mc_f32_sum__scalar(size_t count, const float *input)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t lane = 0; lane < 4; lane++)
            sums[lane] += (double)input[i + lane];
    for (; i < count; i++)
        sums[0] += (double)input[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}
