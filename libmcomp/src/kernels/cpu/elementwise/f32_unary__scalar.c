#include <math.h>

#include "elementwise.h"

mc_f32_unary_fn mc_f32_unary__scalar;

static inline float clamp(float value, float low, float high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

/* One loop a function, so that the choice is not made for every element. */
#define LOOP(result)                                                                               \
    for (size_t i = 0; i < count; i++) {                                                           \
        const float x = input[i];                                                                  \
        output[i] = result;                                                                        \
    }                                                                                              \
    break

void mc_f32_unary__scalar(mc_unary_function function, float p, float q, size_t count,
                          const float *input, float *output)
{
    switch (function) {
    case MC_UNARY_CLAMP:
        LOOP(clamp(x, p, q));
    case MC_UNARY_LEAKY:
        LOOP(x < 0 ? p * x : x);
    case MC_UNARY_SIGMOID:
        LOOP(1 / (1 + expf(-x)));
    case MC_UNARY_HARD_SIGMOID:
        LOOP(clamp((float)((double)p * (double)x + (double)q), 0, 1));
    case MC_UNARY_HARD_SWISH:
        LOOP(x * (clamp(x + 3, 0, 6) / 6));
    }
}
