#include "move.h"

mc_x8_strided_fn mc_x8_strided__scalar;

void mc_x8_strided__scalar(size_t count, const uint8_t *input, ptrdiff_t step, uint8_t *output)
{
    for (size_t i = 0; i < count; i++, input += step)
        output[i] = *input;
}
