/* Squares of 16, so that lines of both matrices stay in the first-level cache. */
#include "move.h"

enum { SQUARE = 16 };

mc_x32_transpose_fn mc_x32_transpose__scalar;

void mc_x32_transpose__scalar(size_t rows, size_t columns, const uint32_t *input,
                              size_t input_stride, uint32_t *output, size_t output_stride)
{
    for (size_t row = 0; row < rows; row += SQUARE)
        for (size_t column = 0; column < columns; column += SQUARE)
            for (size_t c = column; c < columns && c < column + SQUARE; c++)
                for (size_t r = row; r < rows && r < row + SQUARE; r++)
                    output[c * output_stride + r] = input[r * input_stride + c];
}
