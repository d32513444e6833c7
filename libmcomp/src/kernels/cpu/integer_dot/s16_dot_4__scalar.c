#include "integer_dot.h"

mc_s16_dot_fn mc_s16_dot_4__scalar;

void mc_s16_dot_4__scalar(size_t depth, const int16_t *rows, size_t row_count,
                          const int16_t *vector, int32_t *sums)
{
    for (size_t r = 0; r < row_count; r++, rows += depth) {
        int32_t sum = 0;
        for (size_t k = 0; k < depth; k++)
            sum += rows[k] * vector[k];
        sums[r] = sum;
    }
}
