/** @file oracle_elements.h
 *  The oracle of what is made element by element, of sums over axes, and of moved axes. */
#ifndef ORACLE_ELEMENTS_H
#define ORACLE_ELEMENTS_H

#include "oracle_tensor.h"

/** The element at `place` of a tensor that broadcasts there, axes aligned at the end. */
static inline double oracle_broadcast(const oracle_tensor *tensor, uint32_t rank,
                                      const int64_t *place)
{
    size_t index = 0;
    for (uint32_t axis = 0; axis < tensor->rank; axis++)
        index = index * (size_t)tensor->shape[axis] +
                (tensor->shape[axis] == 1 ? 0 : (size_t)place[rank - tensor->rank + axis]);
    return tensor->values[index];
}

/** The constant operand as the activations are. */
static inline oracle_tensor oracle_operand(const built_case *built)
{
    oracle_tensor tensor = {0};
    for (; tensor.rank < 6 && built->what->constant_dims[tensor.rank]; tensor.rank++)
        tensor.shape[tensor.rank] = built->what->constant_dims[tensor.rank];
    tensor.values = case_alloc(oracle_count(&tensor), sizeof(double));
    for (size_t i = 0; i < oracle_count(&tensor); i++)
        tensor.values[i] = (double)built->bias[i];
    return tensor;
}

/** What a binary operator makes of two reals. */
static inline double oracle_combine(const operator_case *what, double a, double b)
{
    if (case_is(what, "Add"))
        return a + b;
    if (case_is(what, "Sub"))
        return a - b;
    if (case_is(what, "Mul"))
        return a * b;
    if (case_is(what, "Div"))
        return a / b;
    return a < 0 ? a * b : a; /* PRelu */
}

static inline double oracle_binary(const built_case *built, const oracle_tensor *inputs,
                                   const int64_t *place)
{
    const operator_case *what = built->what;
    double reals[2];
    uint32_t rank = what->rank;
    if (what->constant_dims[0]) {
        oracle_tensor operand = oracle_operand(built);
        int constant = what->constant_first ? 0 : 1;
        reals[constant] = oracle_broadcast(&operand, rank, place);
        reals[1 - constant] = oracle_broadcast(&inputs[0], rank, place);
        free(operand.values);
    } else {
        reals[0] = oracle_broadcast(&inputs[0], rank, place);
        reals[1] = oracle_broadcast(&inputs[1], rank, place);
    }
    if (built->kind == KIND_FLOAT)
        return oracle_clamp(built, oracle_combine(what, reals[0], reals[1]));
    float m_a = (float)((double)case_input_scale(0) / (double)built->output_scale);
    float m_b = (float)((double)case_input_scale(1) / (double)built->output_scale);
    float a = (float)reals[0] * m_a, b = (float)reals[1] * m_b;
    return oracle_integer(built, a + b);
}

/** MatMul of more than one matrix on the right. */
static inline double oracle_matrices(const built_case *built, const oracle_tensor *inputs,
                                     const int64_t *place)
{
    const operator_case *what = built->what;
    oracle_tensor b = what->constant_dims[0] ? oracle_operand(built) : inputs[1];
    int64_t from_a[MCOMP_MAX_RANK], from_b[MCOMP_MAX_RANK];
    memcpy(from_a, place, sizeof from_a);
    memcpy(from_b, place, sizeof from_b);
    double sum = 0;
    for (int64_t k = 0; k < b.shape[b.rank - 2]; k++) {
        from_a[what->rank - 1] = from_b[what->rank - 2] = k;
        sum += oracle_broadcast(&inputs[0], what->rank, from_a) *
               oracle_broadcast(&b, what->rank, from_b);
    }
    if (what->constant_dims[0])
        free(b.values);
    return sum;
}

static inline bool oracle_is_unary(const operator_case *what)
{
    return case_is(what, "LeakyRelu") || case_is(what, "Sigmoid") || case_is(what, "HardSigmoid") ||
           case_is(what, "HardSwish");
}

static inline double oracle_unit(double x)
{
    return fmax(0, fmin(1, x));
}

static inline double oracle_unary(const operator_case *what, double x)
{
    if (case_is(what, "LeakyRelu"))
        return x < 0 ? (double)(what->alpha != 0 ? what->alpha : 0.01f) * x : x;
    if (case_is(what, "Sigmoid"))
        return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
    if (case_is(what, "HardSwish"))
        return x * oracle_unit((x + 3) / 6);
    float alpha = what->alpha != 0 ? what->alpha : 0.2f, beta = what->beta != 0 ? what->beta : 0.5f;
    return oracle_unit((double)alpha * x + (double)beta);
}

/** The mean of every element whose coordinates on the other axes are those of `place`. */
static inline double oracle_mean(const operator_case *what, const oracle_tensor *x,
                                 const oracle_tensor *output, const int64_t *place)
{
    bool reduced[MCOMP_MAX_RANK] = {false};
    int64_t here[MCOMP_MAX_RANK];
    double sum = 0, count = 0;
    for (int i = 0; i < what->list_count; i++)
        reduced[what->axes[i] < 0 ? what->axes[i] + x->rank : what->axes[i]] = true;
    for (size_t i = 0; i < oracle_count(x); i++) {
        bool same = true;
        oracle_place(x, i, here);
        for (uint32_t axis = 0, kept = 0; axis < x->rank; axis++) {
            same = same && (reduced[axis] || here[axis] == place[kept]);
            kept += !reduced[axis] || output->rank == x->rank;
        }
        sum += same ? x->values[i] : 0;
        count += same;
    }
    return sum / count;
}

static inline double oracle_lrn(const operator_case *what, const oracle_tensor *x, int64_t *place)
{
    float alpha = what->alpha != 0 ? what->alpha : 1e-4f,
          beta = what->beta != 0 ? what->beta : 0.75f;
    float bias = what->bias != 0 ? what->bias : 1;
    double mine = x->values[oracle_index(x, place)], squares = 0;
    int64_t channel = place[1], first = channel - (int64_t)floor((double)(what->size - 1) / 2);
    int64_t last = channel + (int64_t)ceil((double)(what->size - 1) / 2);
    for (place[1] = 0; place[1] < x->shape[1]; place[1]++) {
        double value = x->values[oracle_index(x, place)];
        squares += place[1] >= first && place[1] <= last ? value * value : 0;
    }
    return mine / pow((double)bias + (double)alpha / (double)what->size * squares, (double)beta);
}

static inline double oracle_transposed(const operator_case *what, const oracle_tensor *x,
                                       const int64_t *place)
{
    int64_t from[MCOMP_MAX_RANK];
    for (uint32_t axis = 0; axis < what->rank; axis++)
        from[what->perm[axis]] = place[axis];
    return x->values[oracle_index(x, from)];
}

#endif
