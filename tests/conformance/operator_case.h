/** @file operator_case.h
 *  One node with everything about it, and the graph that holds nothing else. */
#ifndef OPERATOR_CASE_H
#define OPERATOR_CASE_H

#include <math.h>

#include "backend/operation.h"
#include "session/run_graph.h"
#include "support/test_random.h"

/** Arithmetic that a case is run with. */
typedef enum case_kind {
    KIND_FLOAT,
    KIND_U8, /**< u8 activations, s8 weights with a scale a channel */
    KIND_S8  /**< s8 activations, u8 weights with one scale and a zero point */
} case_kind;

#define KIND_COUNT      3
#define CASE_MAX_INPUTS 3

/** Numbers left at 0 are not given to the node, except where 0 says something. */
typedef struct operator_case {
    const char *name;
    const char *op;
    bool integer;                    /**< run with KIND_U8 and KIND_S8 */
    bool only_integer;               /**< not with KIND_FLOAT */
    uint32_t rank;                   /**< of the activations, batch included */
    int64_t dims[5];                 /**< without the batch */
    int input_count;                 /**< activations; 0 means 1 */
    int64_t widths[CASE_MAX_INPUTS]; /**< Concat: extent of each input along the axis */
    int64_t outputs, group;          /**< Conv, Gemm */
    int64_t kernel[2], strides[2], dilations[2], pads[4];
    const char *auto_pad;
    bool ceil_mode, count_include_pad, transpose_b, has_bias, has_residual;
    bool clamps;
    float low, high; /**< where it clamps; Clip: infinite ones are left out */
    bool has_axis;
    int64_t axis;
    int list_count; /**< Slice: entries of the lists; Pad: axes, 0: pads are for all of them */
    int64_t starts[4], ends[4], axes[4], steps[4];
    int64_t pad_list[10];
    float pad_value;
    const char *mode;         /**< Pad */
    int64_t other_dims[5];    /**< binary operators, MatMul: input 1, where it is not as input 0 */
    int64_t constant_dims[6]; /**< ... a constant operand's shape, ending at the first 0 */
    bool constant_first;      /**< ... which is input 0 */
    float alpha, beta, bias;  /**< attributes */
    int64_t size;             /**< LRN */
    bool drops_axes;          /**< ReduceMean: keepdims is 0; the axes are list_count entries */
    int64_t perm[6];          /**< Transpose */
    int64_t shape[6];         /**< Reshape: list_count entries */
    float spread;             /**< inputs are that many times wider; 0 means 1 */
} operator_case;

/** Quantisation of a case's activations. Input i > 0 has a scale and zero point of its own. */
static inline float case_input_scale(int input)
{
    static const float scales[CASE_MAX_INPUTS] = {0.02f, 0.013f, 0.031f};
    return scales[input];
}

static inline int32_t case_input_zero(case_kind kind, int input)
{
    static const int32_t zeros[CASE_MAX_INPUTS] = {117, 3, 255};
    return kind == KIND_U8 ? zeros[input] : zeros[input] - 128;
}

/** Inputs that the operator moves: the output is quantised as input 0 is. */
static inline bool case_moves(const operator_case *what)
{
    static const char *const movers[] = {"MaxPool",  "Slice",         "Flatten", "Pad",
                                         "Identity", "GlobalMaxPool", "Reshape", "Transpose"};
    for (size_t i = 0; i < sizeof movers / sizeof *movers; i++)
        if (strcmp(what->op, movers[i]) == 0)
            return true;
    return false;
}

static inline bool case_is(const operator_case *what, const char *op)
{
    return strcmp(what->op, op) == 0;
}

static inline int case_input_count(const operator_case *what)
{
    return what->input_count ? what->input_count : 1;
}

/** Does the case make each element from two that broadcast? */
static inline bool case_is_binary(const operator_case *what)
{
    static const char *const operators[] = {"Add", "Sub", "Mul", "Div", "PRelu"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (case_is(what, operators[i]))
            return true;
    return false;
}

/** Has the node a weight, of what->outputs outputs? */
static inline bool case_has_weight(const operator_case *what)
{
    return what->outputs > 0;
}

/** Products in a sum of a node with a weight. */
static inline int64_t case_depth(const operator_case *what)
{
    int64_t group = what->group ? what->group : 1;
    return case_is(what, "Conv") ? what->dims[0] / group * what->kernel[0] * what->kernel[1]
                                 : what->dims[what->rank - 2];
}

/** A case made concrete: constants, and the verified graph. */
typedef struct built_case {
    const operator_case *what;
    case_kind kind;
    mcomp_graph *graph;
    float *
        weight; /**< Conv, Gemm, MatMul: as float32, [outputs][depth]; BatchNormalization: 4 lists */
    int32_t *integer_weight; /**< q_w - z_w, likewise */
    float *weight_scales;    /**< one an output */
    float *bias;             /**< or the constant operand */
    int32_t *integer_bias;
    float output_scale;
    int32_t output_zero;
    mcomp_dtype output_dtype;
} built_case;

static inline void *case_alloc(size_t count, size_t nbytes)
{
    void *memory = calloc(count ? count : 1, nbytes);
    assert_non_null(memory);
    return memory;
}

static inline void end_case(built_case *built)
{
    mcomp_graph_destroy(built->graph);
    free(built->weight);
    free(built->integer_weight);
    free(built->weight_scales);
    free(built->bias);
    free(built->integer_bias);
}

/* Attributes of a node under construction. */
typedef struct attribute_list {
    mcomp_attribute items[16];
    int64_t integers[16][6];
    float floats[16];
    size_t count;
} attribute_list;

static inline void give_integers(attribute_list *list, const char *name, size_t count,
                                 const int64_t *values)
{
    int64_t *copy = list->integers[list->count];
    memcpy(copy, values, count * sizeof *values);
    list->items[list->count++] = (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_INTEGERS, .count = count, .integers = copy};
}

static inline void give_integer(attribute_list *list, const char *name, int64_t value)
{
    give_integers(list, name, 1, &value);
}

static inline void give_float(attribute_list *list, const char *name, float value)
{
    float *copy = &list->floats[list->count];
    *copy = value;
    list->items[list->count++] =
        (mcomp_attribute){.name = name, .type = MCOMP_ATTRIBUTE_FLOATS, .count = 1, .floats = copy};
}

static inline void give_text(attribute_list *list, const char *name, const char *text)
{
    list->items[list->count++] = (mcomp_attribute){
        .name = name, .type = MCOMP_ATTRIBUTE_TEXT, .count = strlen(text), .text = text};
}

static inline void give_window(const operator_case *what, attribute_list *list)
{
    if (what->kernel[0])
        give_integers(list, "kernel_shape", 2, what->kernel);
    if (what->strides[0])
        give_integers(list, "strides", 2, what->strides);
    if (what->dilations[0])
        give_integers(list, "dilations", 2, what->dilations);
    if (what->pads[0] || what->pads[1] || what->pads[2] || what->pads[3])
        give_integers(list, "pads", 4, what->pads);
    if (what->auto_pad)
        give_text(list, "auto_pad", what->auto_pad);
    if (what->ceil_mode)
        give_integer(list, "ceil_mode", 1);
    if (what->count_include_pad)
        give_integer(list, "count_include_pad", 1);
}

static inline void give_numbers(const operator_case *what, attribute_list *list)
{
    if (what->alpha != 0)
        give_float(list, "alpha", what->alpha);
    if (what->beta != 0)
        give_float(list, "beta", what->beta);
    if (what->bias != 0)
        give_float(list, "bias", what->bias);
    if (what->size)
        give_integer(list, "size", what->size);
    if (what->mode)
        give_text(list, "mode", what->mode);
    if (case_is(what, "Transpose"))
        give_integers(list, "perm", what->rank, what->perm);
    if (case_is(what, "ReduceMean"))
        give_integers(list, "axes", (size_t)what->list_count, what->axes);
    if (what->drops_axes)
        give_integer(list, "keepdims", 0);
}

static inline void give_attributes(const built_case *built, attribute_list *list)
{
    const operator_case *what = built->what;
    list->count = 0;
    give_window(what, list);
    give_numbers(what, list);
    if (what->group)
        give_integer(list, "group", what->group);
    if (what->transpose_b)
        give_integer(list, "transB", 1);
    if (what->has_axis)
        give_integer(list, "axis", what->axis);
    if (what->clamps && !case_is(what, "Clip")) {
        give_float(list, "activation_low", what->low);
        give_float(list, "activation_high", what->high);
    }
    if (built->kind != KIND_FLOAT && !case_moves(what) && !case_is(what, "DequantizeLinear")) {
        give_text(list, "output_dtype", built->output_dtype == MCOMP_DTYPE_U8 ? "u8" : "s8");
        give_float(list, "output_scale", built->output_scale);
        give_integer(list, "output_zero_point", built->output_zero);
    }
}

/* Weights of Conv, Gemm and MatMul; outputs of both signs, most of them inside the output's range. */
static inline void make_weights(built_case *built, test_random *random)
{
    size_t outputs = (size_t)built->what->outputs, depth = (size_t)case_depth(built->what);
    built->weight = case_alloc(outputs * depth, sizeof(float));
    built->integer_weight = case_alloc(outputs * depth, sizeof(int32_t));
    built->weight_scales = case_alloc(outputs, sizeof(float));
    built->bias = case_alloc(outputs, sizeof(float));
    built->integer_bias = case_alloc(outputs, sizeof(int32_t));
    for (size_t o = 0; o < outputs; o++) {
        built->weight_scales[o] =
            built->kind == KIND_S8 ? 0.004f : test_random_float(random, 0.001f, 0.01f);
        built->bias[o] = built->what->has_bias ? test_random_float(random, -1, 1) : 0;
        if (built->what->has_bias)
            built->integer_bias[o] = (int32_t)test_random_below(random, 40001) - 20000;
        for (size_t k = 0; k < depth; k++) {
            built->weight[o * depth + k] = test_random_float(random, -1, 1);
            built->integer_weight[o * depth + k] = (int32_t)test_random_below(random, 256) - 128;
        }
    }
}

/* Conv: [O, I / group, kh, kw]; Gemm, MatMul: [O, K], or [K, O] where B is not transposed. */
static inline mcomp_value add_case_weight(built_case *built)
{
    const operator_case *what = built->what;
    bool conv = case_is(what, "Conv"), transposed = !conv && !what->transpose_b;
    int64_t group = what->group ? what->group : 1, depth = case_depth(what);
    const int64_t conv_shape[4] = {what->outputs, what->dims[0] / group, what->kernel[0],
                                   what->kernel[1]};
    const int64_t gemm_shape[2] = {transposed ? depth : what->outputs,
                                   transposed ? what->outputs : depth};
    const int64_t *shape = conv ? conv_shape : gemm_shape;
    uint32_t rank = conv ? 4 : 2;
    size_t count = (size_t)(what->outputs * depth);
    float *floats = case_alloc(count, sizeof *floats);
    uint8_t *bytes = case_alloc(count, 1);
    /* u8 weights have the zero point 101, s8 weights 0. */
    int32_t zero = built->kind == KIND_S8 ? 101 : 0;
    for (int64_t o = 0; o < what->outputs; o++)
        for (int64_t k = 0; k < depth; k++) {
            size_t from = (size_t)(o * depth + k);
            size_t to = transposed ? (size_t)(k * what->outputs + o) : from;
            if (built->kind == KIND_S8 && built->integer_weight[from] < -zero)
                built->integer_weight[from] = -zero;
            floats[to] = built->weight[from];
            bytes[to] = (uint8_t)(built->integer_weight[from] + zero);
        }
    mcomp_tensor *tensor = NULL;
    mcomp_context *context = built->graph->context;
    /* One scale a channel needs channels on axis 0. */
    size_t scale_count = built->kind == KIND_S8 || transposed ? 1 : (size_t)what->outputs;
    for (size_t o = scale_count; o < (size_t)what->outputs; o++)
        built->weight_scales[o] = built->weight_scales[0];
    if (built->kind == KIND_FLOAT)
        assert_ok(mcomp_tensor_create(context, MCOMP_DTYPE_F32, rank, shape, floats, &tensor));
    else
        assert_ok(mcomp_tensor_create_quantized(
            context, built->kind == KIND_S8 ? MCOMP_DTYPE_U8 : MCOMP_DTYPE_S8, rank, shape, bytes,
            built->weight_scales, built->kind == KIND_S8 ? &zero : NULL, scale_count, &tensor));
    free(floats);
    free(bytes);
    return add_tensor(built->graph, "weight", tensor);
}

static inline mcomp_value add_case_bias(built_case *built)
{
    const int64_t *shape = &built->what->outputs;
    return built->kind == KIND_FLOAT
               ? add_constant(built->graph, "bias", MCOMP_DTYPE_F32, 1, shape, built->bias)
               : add_constant(built->graph, "bias", MCOMP_DTYPE_S32, 1, shape, built->integer_bias);
}

#endif
