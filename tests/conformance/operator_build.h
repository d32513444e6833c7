/** @file operator_build.h
 *  The graph of a case: inputs in float32, quantised where the case is, then the one node. */
#ifndef OPERATOR_BUILD_H
#define OPERATOR_BUILD_H

#include "operator_case.h"

static inline mcomp_value add_case_list(built_case *built, const char *name, size_t count,
                                        const int64_t *values)
{
    return add_integers(built->graph, name, (int64_t)count, values);
}

/* Scale, shift, mean and variance of BatchNormalization: four lists, one after the other. */
static inline void add_case_statistics(built_case *built, test_random *random, mcomp_value *inputs)
{
    static const char *const names[4] = {"scale", "shift", "mean", "variance"};
    size_t count = (size_t)built->what->dims[0];
    built->weight = case_alloc(4 * count, sizeof(float));
    for (size_t i = 0; i < 4 * count; i++)
        built->weight[i] =
            i < 3 * count ? test_random_float(random, -2, 2) : test_random_float(random, 0.01f, 3);
    for (size_t k = 0; k < 4; k++)
        inputs[1 + k] = add_constant(built->graph, names[k], MCOMP_DTYPE_F32, 1, built->what->dims,
                                     built->weight + k * count);
}

/* A constant operand, its values away from 0: something may be divided by them. */
static inline mcomp_value add_case_operand(built_case *built, test_random *random)
{
    const int64_t *shape = built->what->constant_dims;
    uint32_t rank = 0;
    size_t count = 1;
    while (rank < 6 && shape[rank])
        count *= (size_t)shape[rank++];
    built->bias = case_alloc(count, sizeof(float));
    for (size_t i = 0; i < count; i++)
        built->bias[i] =
            test_random_float(random, 0.1f, 1) * (test_random_below(random, 2) ? 1 : -1);
    return add_constant(built->graph, "operand", MCOMP_DTYPE_F32, rank, shape, built->bias);
}

/* Constant inputs after the activations. @return how many inputs there are in all */
static inline size_t add_case_constants(built_case *built, test_random *random, mcomp_value *inputs)
{
    const operator_case *what = built->what;
    size_t count = (size_t)case_input_count(what), entries = (size_t)what->list_count;
    if (case_has_weight(what)) {
        make_weights(built, random);
        inputs[1] = add_case_weight(built);
        if (case_is(what, "MatMul"))
            return 2;
        inputs[2] = what->has_bias ? add_case_bias(built) : MCOMP_NO_VALUE;
        return 3;
    }
    if (case_is(what, "BatchNormalization")) {
        add_case_statistics(built, random, inputs);
        return 5;
    }
    if (what->constant_dims[0]) {
        inputs[1] = inputs[0];
        inputs[what->constant_first ? 0 : 1] = add_case_operand(built, random);
        return 2;
    }
    if (case_is(what, "Reshape")) {
        inputs[1] = add_case_list(built, "shape", entries, what->shape);
        return 2;
    }
    if (case_is(what, "Clip")) {
        inputs[1] =
            isfinite(what->low) ? add_scalar(built->graph, "low", what->low) : MCOMP_NO_VALUE;
        inputs[2] =
            isfinite(what->high) ? add_scalar(built->graph, "high", what->high) : MCOMP_NO_VALUE;
        return 3;
    }
    if (case_is(what, "Slice")) {
        inputs[1] = add_case_list(built, "starts", entries, what->starts);
        inputs[2] = add_case_list(built, "ends", entries, what->ends);
        inputs[3] = add_case_list(built, "axes", entries, what->axes);
        inputs[4] = add_case_list(built, "steps", entries, what->steps);
        return what->steps[0] ? 5 : 4;
    }
    if (case_is(what, "Pad")) {
        inputs[1] =
            add_case_list(built, "pads", 2 * (entries ? entries : what->rank), what->pad_list);
        inputs[2] = add_scalar(built->graph, "fill", what->pad_value);
        inputs[3] = entries ? add_case_list(built, "axes", entries, what->axes) : MCOMP_NO_VALUE;
        return 4;
    }
    return count;
}

/* Input `index` as the node reads it; its shape is the case's but for Concat's axis and a
 * second operand. */
static inline mcomp_value add_case_input(built_case *built, int index)
{
    char name[16];
    const operator_case *what = built->what;
    int64_t shape[6] = {MCOMP_BATCH};
    memcpy(shape + 1, index == 1 && what->other_dims[0] ? what->other_dims : what->dims,
           sizeof what->dims);
    if (case_is(what, "Concat"))
        shape[what->axis < 0 ? what->axis + what->rank : what->axis] = what->widths[index];
    mcomp_value x;
    snprintf(name, sizeof name, "x%d", index);
    assert_ok(mcomp_graph_add_input(built->graph, name, what->rank, shape, &x));
    if (built->kind == KIND_FLOAT)
        return x;
    snprintf(name, sizeof name, "q%d", index);
    return add_quantize(built->graph, name, x, case_input_scale(index),
                        built->kind == KIND_U8 ? MCOMP_DTYPE_U8 : MCOMP_DTYPE_S8,
                        case_input_zero(built->kind, index));
}

/* A scale with which most results are inside the output's range, some are not. */
static inline void choose_output(built_case *built)
{
    const operator_case *what = built->what;
    bool moves = case_moves(what) || case_is(what, "Concat") || case_is(what, "QuantizeLinear");
    built->output_dtype = built->kind == KIND_U8 ? MCOMP_DTYPE_U8 : MCOMP_DTYPE_S8;
    built->output_zero =
        moves ? case_input_zero(built->kind, 0) : (built->kind == KIND_U8 ? 90 : -20);
    built->output_scale = moves ? case_input_scale(0) : 0.017f;
    if (case_has_weight(what))
        built->output_scale =
            case_input_scale(0) * 0.005f * 100 * (float)sqrt((double)case_depth(what));
}

static inline built_case build_case(mcomp_context *context, const operator_case *what,
                                    case_kind kind, test_random *random)
{
    built_case built = {.what = what, .kind = kind};
    mcomp_value inputs[8];
    assert_ok(mcomp_graph_create(context, what->name, &built.graph));
    choose_output(&built);
    for (int i = 0; i < case_input_count(what); i++)
        inputs[i] = add_case_input(&built, i);
    size_t count = add_case_constants(&built, random, inputs);
    attribute_list list;
    give_attributes(&built, &list);
    mcomp_value output = inputs[0];
    if (what->has_residual) {
        /* The residual has the shape of the result, which the node without it tells. */
        mcomp_value plain =
            add_node(built.graph, what->op, "plain", inputs, count, list.items, list.count);
        const mc_value *result = &built.graph->values[plain];
        assert_ok(mcomp_graph_add_input(built.graph, "residual", result->rank, result->shape,
                                        &inputs[3]));
        count = 4;
    }
    if (!case_is(what, "QuantizeLinear") || kind == KIND_FLOAT)
        output = add_node(built.graph, what->op, "y", inputs, count, list.items, list.count);
    mark_and_verify(built.graph, output);
    return built;
}

#endif
