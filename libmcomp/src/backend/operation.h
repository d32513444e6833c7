/** @file operation.h
 *  What the built-in processor devices keep of a node: its constants, decoded, and the routine that
 * runs it. */
#ifndef MC_OPERATION_H
#define MC_OPERATION_H

#include "backend.h"

/** Weights of Conv, Gemm and MatMul as [outputs][depth], depth running over (input channel of the group,
 * kernel row, kernel column). Float or integer, never both. */
typedef struct mc_weights {
    size_t outputs;
    size_t depth;
    bool are_integers;
    float *floats;     /**< NULL once a device has packed them */
    float *bias;       /**< [outputs], 0 where the node has none */
    int16_t *integers; /**< q_w - z_w; NULL once a device has packed them */
    int32_t *integer_bias;
    float *multipliers; /**< [outputs]: s_x s_w / s_y */
} mc_weights;

struct mc_operation {
    mcomp_context *context; /**< not retained: the session's plan holds it */
    const mcomp_graph *graph;
    const mc_node *node;
    const mc_value *input; /**< input 0 */
    const mc_value *output;
    size_t batch;
    void (*run)(const mc_operation *operation, const mc_run *run);
    mc_weights weights;
    void *packed;            /**< weights as the device's kernel likes them, or NULL */
    const mc_device *device; /**< set by devices whose routines need it */
    float **constants;       /**< other constant inputs as floats, by input index */
};

/** One operator of a device: how it is prepared and run. */
typedef struct mc_routine {
    const char *kernel; /**< symbol for plans and profiles */
    void (*run)(const mc_operation *operation, const mc_run *run);
    const char *why;
} mc_routine;

/** Can the built-in devices run the node at all? false: the reason is written. */
bool mc_operation_possible(const mc_request *request, char *reason, size_t capacity);

/** Make an operation with everything but `packed`: weights and biases, other constants. */
mcomp_status mc_operation_create(mcomp_context *context, const mc_request *request,
                                 mc_operation **out);
void mc_operation_destroy(mc_operation *operation);
/** End the weights themselves, once a device has them packed. */
void mc_operation_drop_weights(mc_operation *operation);
/** Bytes of what mc_operation_create() keeps besides the weights themselves: biases, multipliers,
 * other constants. */
size_t mc_operation_extra_nbytes(const mc_request *request);

/** Memory of an input: an activation of this run, or a constant as floats. */
const void *mc_operation_input(const mc_operation *operation, const mc_run *run, uint32_t index);
/** Does the node compute in integers? */
bool mc_node_is_integer(const mcomp_graph *graph, const mc_node *node);

/** Extents of a value [N, C, H, W]; missing axes are 1. */
typedef struct mc_planes {
    size_t channels, height, width;
} mc_planes;
mc_planes mc_planes_of(const mc_value *value);

/** How integer results leave: multiply, round to nearest even, clamp, move by the zero point. */
typedef struct mc_requantize {
    float low, high; /**< lowest and highest result before the zero point is added */
    int32_t zero_point;
} mc_requantize;
/** The output's range, narrowed by the node's activation. */
mc_requantize mc_requantize_of(const mc_operation *operation);

/** value is f32(acc) * m or a sum of such: round, clamp, add the zero point; as the byte that is
 * stored (uint8, or int8 in two's complement). What is not a number becomes the lowest result, as
 * in a vector's max. Adding and taking 1.5 x 2^23 rounds to nearest even.
 */
static inline uint8_t mc_requantize_value(const mc_requantize *to, float value)
{
    const float round = 0x1.8p23f;
    float clamped = value > to->low ? value : to->low;
    clamped = clamped < to->high ? clamped : to->high;
    return (uint8_t)((int32_t)((clamped + round) - round) + to->zero_point);
}

/** The result of Conv and Gemm: any bias of 32 bits is added exactly. */
static inline uint8_t mc_requantize_sum(const mc_requantize *to, int32_t sum, int32_t bias,
                                        float multiplier)
{
    return mc_requantize_value(to, (float)((int64_t)sum + bias) * multiplier);
}

/** An element of a quantised activation as an integer. */
static inline int32_t mc_quantized_at(const void *elements, mcomp_dtype dtype, size_t index)
{
    return dtype == MCOMP_DTYPE_S8 ? ((const int8_t *)elements)[index]
                                   : ((const uint8_t *)elements)[index];
}

/** min(max(value, low), high); what is not a number stays so. */
static inline float mc_activate(const mc_activation *activation, float value)
{
    if (!activation->clamp)
        return value;
    value = value < activation->low ? activation->low : value;
    return value > activation->high ? activation->high : value;
}

#endif
