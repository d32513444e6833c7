#include "dot.h"

void mc_f32_dot_4__scalar(size_t depth, const float *rows, size_t row_count, const float *vector,
                          float *sums);

void mc_f32_dot_4__scalar(size_t depth, const float *rows, size_t row_count, const float *vector,
                          float *sums)
{
    for (size_t r = 0; r < row_count; r++, rows += depth) {
        float partial[4] = {0};
        size_t k = 0;
        for (; k + 4 <= depth; k += 4)
            for (int lane = 0; lane < 4; lane++)
                partial[lane] += rows[k + (size_t)lane] * vector[k + (size_t)lane];
        for (; k < depth; k++)
            partial[0] += rows[k] * vector[k];
        sums[r] = (partial[0] + partial[1]) + (partial[2] + partial[3]);
    }
}
