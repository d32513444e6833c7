#include "elementwise.h"

mc_f32_normalize_fn mc_f32_normalize__scalar;

void mc_f32_normalize__scalar(float mean, float factor, float shift, size_t count,
                              const float *input, float *output)
{
    for (size_t i = 0; i < count; i++)
        output[i] = (input[i] - mean) * factor + shift;
}
