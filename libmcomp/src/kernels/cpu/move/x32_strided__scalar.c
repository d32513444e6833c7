#include "move.h"

mc_x32_strided_fn mc_x32_strided__scalar;

void mc_x32_strided__scalar(size_t count, const uint32_t *input, ptrdiff_t step, uint32_t *output)
{
    for (size_t i = 0; i < count; i++, input += step)
        output[i] = *input;
}
