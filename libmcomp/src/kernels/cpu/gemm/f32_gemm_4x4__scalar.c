#include "gemm.h"

enum { ROWS = 4, COLUMNS = 4 };

void mc_f32_gemm_4x4__scalar(size_t depth, const float *a, const float *b, float *c,
                             size_t c_stride, size_t rows, size_t columns,
                             const mc_gemm_tail *tail);

void mc_f32_gemm_4x4__scalar(size_t depth, const float *a, const float *b, float *c,
                             size_t c_stride, size_t rows, size_t columns, const mc_gemm_tail *tail)
{
    float sums[ROWS][COLUMNS] = {{0}};
    for (size_t k = 0; k < depth; k++, a += ROWS, b += COLUMNS)
        for (int row = 0; row < ROWS; row++)
            for (int column = 0; column < COLUMNS; column++)
                sums[row][column] += a[row] * b[column];
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++) {
            float value = sums[row][column] + tail->bias[row];
            if (tail->residual)
                value += tail->residual[row * c_stride + column];
            value = value < tail->low ? tail->low : value;
            c[row * c_stride + column] = value > tail->high ? tail->high : value;
        }
}
