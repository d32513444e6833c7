#include "reduce.h"

mc_f32_add_row_fn mc_f32_add_row__scalar;

void mc_f32_add_row__scalar(size_t count, const float *row, double *sums)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += (double)row[i];
}
