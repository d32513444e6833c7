/** @file oracle_tensor.h
 *  Values of a case's activations for the oracle, and how its integers are rounded. */
#ifndef ORACLE_TENSOR_H
#define ORACLE_TENSOR_H

#include "operator_build.h"

/** Values of one activation: reals, or q - zero point. */
typedef struct oracle_tensor {
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK]; /**< the batch made concrete */
    double *values;
} oracle_tensor;

static inline size_t oracle_count(const oracle_tensor *tensor)
{
    size_t count = 1;
    for (uint32_t axis = 0; axis < tensor->rank; axis++)
        count *= (size_t)tensor->shape[axis];
    return count;
}

/** clamp(rne(real) + zero) */
static inline int32_t oracle_round(double real, int32_t zero, mcomp_dtype dtype)
{
    double q = rint(real) + zero;
    double least = dtype == MCOMP_DTYPE_U8 ? 0 : -128, most = dtype == MCOMP_DTYPE_U8 ? 255 : 127;
    return (int32_t)(q < least ? least : q > most ? most : q);
}

static inline oracle_tensor oracle_like(const mc_value *value, int64_t batch)
{
    oracle_tensor tensor = {.rank = value->rank};
    memcpy(tensor.shape, value->shape, sizeof tensor.shape);
    tensor.shape[0] = batch;
    tensor.values = case_alloc(oracle_count(&tensor), sizeof(double));
    return tensor;
}

/** Input `index` as the node sees it. */
static inline oracle_tensor oracle_input(const built_case *built, int64_t batch, int index,
                                         const float *x)
{
    const mc_value *value = &built->graph->values[built->graph->inputs[index]];
    oracle_tensor tensor = oracle_like(value, batch);
    mcomp_dtype dtype = built->kind == KIND_U8 ? MCOMP_DTYPE_U8 : MCOMP_DTYPE_S8;
    int32_t zero = case_input_zero(built->kind, index < CASE_MAX_INPUTS ? index : 0);
    float scale = case_input_scale(index < CASE_MAX_INPUTS ? index : 0);
    for (size_t i = 0; i < oracle_count(&tensor); i++) {
        float quotient = x[i] / scale;
        tensor.values[i] = built->kind == KIND_FLOAT
                               ? (double)x[i]
                               : oracle_round((double)quotient, zero, dtype) - zero;
    }
    return tensor;
}

/** Coordinates of element `index`. */
static inline void oracle_place(const oracle_tensor *tensor, size_t index, int64_t *place)
{
    for (uint32_t axis = tensor->rank; axis-- > 0;) {
        place[axis] = (int64_t)(index % (size_t)tensor->shape[axis]);
        index /= (size_t)tensor->shape[axis];
    }
}

static inline size_t oracle_index(const oracle_tensor *tensor, const int64_t *place)
{
    size_t index = 0;
    for (uint32_t axis = 0; axis < tensor->rank; axis++)
        index = index * (size_t)tensor->shape[axis] + (size_t)place[axis];
    return index;
}

/** How results of a node leave: m is the multiplier, f32. */
static inline double oracle_clamp(const built_case *built, double value)
{
    if (!built->what->clamps)
        return value;
    value = value < (double)built->what->low ? (double)built->what->low : value;
    return value > (double)built->what->high ? (double)built->what->high : value;
}

/** Result of a float `scaled` that is already a real over the output's scale. */
static inline double oracle_integer(const built_case *built, float scaled)
{
    mcomp_dtype dtype = built->output_dtype;
    int32_t zero = built->output_zero, q = oracle_round((double)scaled, zero, dtype);
    if (built->what->clamps) {
        float low = built->what->low / built->output_scale;
        float high = built->what->high / built->output_scale;
        int32_t low_q = oracle_round((double)low, zero, dtype);
        int32_t high_q = oracle_round((double)high, zero, dtype);
        q = q < low_q ? low_q : q;
        q = q > high_q ? high_q : q;
    }
    return q;
}

#endif
