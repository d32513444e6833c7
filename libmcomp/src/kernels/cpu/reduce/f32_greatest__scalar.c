#include <math.h>

#include "reduce.h"

mc_f32_greatest_fn mc_f32_greatest__scalar;

float mc_f32_greatest__scalar(size_t count, const float *input)
{
    float greatest = -INFINITY;
    bool no_number = false;
    for (size_t i = 0; i < count; i++) {
        greatest = input[i] > greatest ? input[i] : greatest;
        no_number |= isnan(input[i]) != 0;
    }
    return no_number ? NAN : greatest;
}
