#include "gemm.h"

enum { ROWS = 4, COLUMNS = 4 };

void mc_s16_gemm_4x4__scalar(size_t depth_pairs, const int16_t *a, const int16_t *b, int32_t *sums);

void mc_s16_gemm_4x4__scalar(size_t depth_pairs, const int16_t *a, const int16_t *b, int32_t *sums)
{
    for (int i = 0; i < ROWS * COLUMNS; i++)
        sums[i] = 0;
    for (size_t k = 0; k < depth_pairs; k++, a += 2 * ROWS, b += 2 * COLUMNS)
        for (int row = 0; row < ROWS; row++)
            for (int column = 0; column < COLUMNS; column++)
                sums[row * COLUMNS + column] +=
                    a[2 * row] * b[2 * column] + a[2 * row + 1] * b[2 * column + 1];
}
