#include <math.h>

#include "softmax.h"

mc_f32_softmax_fn mc_f32_softmax__scalar;

void mc_f32_softmax__scalar(size_t count, const float *input, float *output)
{
    float greatest = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        greatest = input[i] > greatest ? input[i] : greatest;
    for (size_t i = 0; i < count; i++) {
        output[i] = expf(input[i] - greatest);
        sum += (double)output[i];
    }
    const float factor = (float)(1 / sum);
    for (size_t i = 0; i < count; i++)
        output[i] *= factor;
}
