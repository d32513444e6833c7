#include <math.h>

#include "softmax.h"

mc_f32_softmax_lines_fn mc_f32_softmax_lines__scalar;

void mc_f32_softmax_lines__scalar(size_t count, size_t stride, size_t lines, const float *input,
                                  float *output)
{
    for (size_t line = 0; line < lines; line++, input++, output++) {
        float greatest = -INFINITY;
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            greatest = input[i * stride] > greatest ? input[i * stride] : greatest;
        for (size_t i = 0; i < count; i++) {
            output[i * stride] = expf(input[i * stride] - greatest);
            sum += (double)output[i * stride];
        }
        const float factor = (float)(1 / sum);
        for (size_t i = 0; i < count; i++)
            output[i * stride] *= factor;
    }
}
