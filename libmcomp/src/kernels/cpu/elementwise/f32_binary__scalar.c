#include "elementwise.h"

mc_f32_binary_fn mc_f32_binary__scalar;

/* One loop a function, so that the choice is not made for every element. */
#define LOOP(result)                                                                               \
    for (size_t i = 0; i < count; i++) {                                                           \
        const float x = a->elements[i * a->step], y = b->elements[i * b->step];                    \
        float value = result;                                                                      \
        value = value < low ? low : value;                                                         \
        output[i] = value > high ? high : value;                                                   \
    }                                                                                              \
    break

void mc_f32_binary__scalar(mc_binary_function function, size_t count, const mc_binary_operand *a,
                           const mc_binary_operand *b, float low, float high, float *output)
{
    switch (function) {
    case MC_BINARY_ADD:
        LOOP(x + y);
    case MC_BINARY_SUB:
        LOOP(x - y);
    case MC_BINARY_MUL:
        LOOP(x * y);
    case MC_BINARY_DIV:
        LOOP(x / y);
    case MC_BINARY_PRELU:
        LOOP(x < 0 ? y * x : x);
    }
}
