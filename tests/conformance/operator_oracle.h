/** @file operator_oracle.h
 *  What a case's result must be, after docs/operators.md and nothing else: one element after the
 *  other, sums in double (integer sums stay below 2^53 and are exact there). */
#ifndef OPERATOR_ORACLE_H
#define OPERATOR_ORACLE_H

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

/** One number of a padded plane, and whether it is inside. */
static inline double oracle_tap(const oracle_tensor *x, int64_t n, int64_t c, int64_t y, int64_t z,
                                bool *inside)
{
    const int64_t place[4] = {n, c, y, z};
    *inside = y >= 0 && y < x->shape[2] && z >= 0 && z < x->shape[3];
    return *inside ? x->values[oracle_index(x, place)] : 0;
}

static inline double oracle_conv_sum(const built_case *built, const oracle_tensor *x,
                                     const int64_t *place)
{
    const operator_case *what = built->what;
    const mc_window *pads = &built->graph->nodes[built->graph->node_count - 1].params.window;
    int64_t group = what->group ? what->group : 1;
    int64_t group_inputs = x->shape[1] / group, first = place[1] / (what->outputs / group);
    int64_t stride[2] = {what->strides[0] ? what->strides[0] : 1,
                         what->strides[1] ? what->strides[1] : 1};
    int64_t dilation[2] = {what->dilations[0] ? what->dilations[0] : 1,
                           what->dilations[1] ? what->dilations[1] : 1};
    double sum = 0;
    bool inside;
    for (int64_t c = 0; c < group_inputs; c++)
        for (int64_t ky = 0; ky < what->kernel[0]; ky++)
            for (int64_t kx = 0; kx < what->kernel[1]; kx++) {
                size_t k = (size_t)((c * what->kernel[0] + ky) * what->kernel[1] + kx);
                size_t at = (size_t)(place[1] * case_depth(what)) + k;
                double tap =
                    oracle_tap(x, place[0], first * group_inputs + c,
                               place[2] * stride[0] + ky * dilation[0] - pads->pad_top,
                               place[3] * stride[1] + kx * dilation[1] - pads->pad_left, &inside);
                sum += tap * (built->kind == KIND_FLOAT ? (double)built->weight[at]
                                                        : (double)built->integer_weight[at]);
            }
    return sum;
}

static inline double oracle_gemm_sum(const built_case *built, const oracle_tensor *x,
                                     const int64_t *place)
{
    double sum = 0;
    for (int64_t k = 0; k < x->shape[1]; k++) {
        size_t at = (size_t)(place[1] * x->shape[1] + k);
        sum += x->values[place[0] * x->shape[1] + k] * (built->kind == KIND_FLOAT
                                                            ? (double)built->weight[at]
                                                            : (double)built->integer_weight[at]);
    }
    return sum;
}

static inline double oracle_weighted(const built_case *built, const oracle_tensor *inputs,
                                     const int64_t *place, size_t index)
{
    double sum = case_is(built->what, "Conv") ? oracle_conv_sum(built, inputs, place)
                                              : oracle_gemm_sum(built, inputs, place);
    size_t channel = (size_t)place[1];
    if (built->kind == KIND_FLOAT) {
        sum += (double)built->bias[channel];
        if (built->what->has_residual)
            sum += inputs[1].values[index];
        return oracle_clamp(built, sum);
    }
    float m = (float)((double)case_input_scale(0) * (double)built->weight_scales[channel] /
                      (double)built->output_scale);
    float acc = (float)(sum + built->integer_bias[channel]);
    return oracle_integer(built, acc * m);
}

/** Max and average pools. */
static inline double oracle_pool(const built_case *built, const oracle_tensor *x,
                                 const int64_t *place)
{
    const operator_case *what = built->what;
    const mc_window *w = &built->graph->nodes[built->graph->node_count - 1].params.window;
    bool is_max = case_is(what, "MaxPool");
    double sum = 0, most = -INFINITY;
    int64_t inside_count = 0, padded_count = 0;
    for (int64_t ky = 0; ky < w->kernel_h; ky++)
        for (int64_t kx = 0; kx < w->kernel_w; kx++) {
            int64_t y = place[2] * w->stride_h + ky * w->dilation_h - w->pad_top;
            int64_t z = place[3] * w->stride_w + kx * w->dilation_w - w->pad_left;
            bool inside;
            double tap = oracle_tap(x, place[0], place[1], y, z, &inside);
            inside_count += inside;
            padded_count += y < x->shape[2] + w->pad_bottom && z < x->shape[3] + w->pad_right;
            sum += tap;
            most = inside && tap > most ? tap : most;
        }
    if (is_max)
        return built->kind == KIND_FLOAT ? most : most + built->output_zero;
    double count = (double)(what->count_include_pad ? padded_count : inside_count);
    if (built->kind == KIND_FLOAT)
        return sum / count;
    float m = (float)((double)case_input_scale(0) / ((double)built->output_scale * count));
    return oracle_integer(built, (float)sum * m);
}

static inline double oracle_add(const built_case *built, const oracle_tensor *inputs,
                                const int64_t *place, size_t index)
{
    const operator_case *what = built->what;
    if (case_input_count(what) == 1) {
        const mc_value *constant = &built->graph->values[built->graph->nodes[0].inputs[1]];
        size_t at = 0;
        for (uint32_t axis = 0; axis < constant->rank; axis++) {
            int64_t coordinate = place[inputs[0].rank - constant->rank + axis];
            at = at * (size_t)constant->shape[axis] +
                 (constant->shape[axis] == 1 ? 0 : (size_t)coordinate);
        }
        return oracle_clamp(built, inputs[0].values[index] + (double)built->bias[at]);
    }
    if (built->kind == KIND_FLOAT)
        return oracle_clamp(built, inputs[0].values[index] + inputs[1].values[index]);
    float m_a = (float)((double)case_input_scale(0) / (double)built->output_scale);
    float m_b = (float)((double)case_input_scale(1) / (double)built->output_scale);
    float a = (float)inputs[0].values[index] * m_a, b = (float)inputs[1].values[index] * m_b;
    return oracle_integer(built, a + b);
}

static inline double oracle_concat(const built_case *built, const oracle_tensor *inputs,
                                   int64_t *place)
{
    int axis =
        (int)(built->what->axis < 0 ? built->what->axis + built->what->rank : built->what->axis);
    int input = 0;
    for (; place[axis] >= inputs[input].shape[axis]; input++)
        place[axis] -= inputs[input].shape[axis];
    double value = inputs[input].values[oracle_index(&inputs[input], place)];
    if (built->kind == KIND_FLOAT)
        return value;
    if (input == 0)
        return value + built->output_zero;
    float m = (float)((double)case_input_scale(input) / (double)built->output_scale);
    return oracle_integer(built, (float)value * m);
}

/** Slice and Pad: where the element comes from; outside for what a Pad fills. */
static inline double oracle_moved(const built_case *built, const oracle_tensor *x, int64_t *place)
{
    const operator_case *what = built->what;
    bool slices = case_is(what, "Slice"), inside = true;
    size_t entries = what->list_count ? (size_t)what->list_count : what->rank;
    for (size_t i = 0; i < entries; i++) {
        int64_t axis = what->list_count ? what->axes[i] : (int64_t)i;
        axis += axis < 0 ? what->rank : 0;
        int64_t start = what->starts[i] < 0 ? what->starts[i] + x->shape[axis] : what->starts[i];
        if (slices)
            place[axis] = start + place[axis] * (what->steps[0] ? what->steps[i] : 1);
        else
            place[axis] -= what->pad_list[i];
        inside = inside && place[axis] >= 0 && place[axis] < x->shape[axis];
    }
    if (inside)
        return x->values[oracle_index(x, place)] +
               (built->kind == KIND_FLOAT ? 0 : built->output_zero);
    return built->kind == KIND_FLOAT ? (double)what->pad_value
                                     : oracle_integer(built, what->pad_value / built->output_scale);
}

static inline double oracle_softmax(const operator_case *what, const oracle_tensor *x,
                                    int64_t *place)
{
    int64_t axis = what->has_axis ? what->axis : -1;
    axis += axis < 0 ? what->rank : 0;
    double mine = x->values[oracle_index(x, place)], sum = 0;
    for (place[axis] = 0; place[axis] < x->shape[axis]; place[axis]++)
        sum += exp(x->values[oracle_index(x, place)] - mine);
    return 1 / sum;
}

/** Element `index` of the result: a real, or the stored integer. */
static inline double oracle_element(const built_case *built, const oracle_tensor *inputs,
                                    const oracle_tensor *output, size_t index)
{
    const operator_case *what = built->what;
    int64_t place[MCOMP_MAX_RANK];
    double zero = built->kind == KIND_FLOAT ? 0 : built->output_zero;
    oracle_place(output, index, place);
    if (case_is(what, "Conv") || case_is(what, "Gemm"))
        return oracle_weighted(built, inputs, place, index);
    if (case_is(what, "MaxPool") || case_is(what, "AveragePool") ||
        case_is(what, "GlobalAveragePool"))
        return oracle_pool(built, inputs, place);
    if (case_is(what, "Add"))
        return oracle_add(built, inputs, place, index);
    if (case_is(what, "Concat"))
        return oracle_concat(built, inputs, place);
    if (case_is(what, "Slice") || case_is(what, "Pad"))
        return oracle_moved(built, inputs, place);
    if (case_is(what, "Softmax"))
        return oracle_softmax(what, inputs, place);
    if (case_is(what, "Clip"))
        return oracle_clamp(built, inputs[0].values[index]);
    if (case_is(what, "Relu"))
        return inputs[0].values[index] > 0 ? inputs[0].values[index] : 0;
    if (case_is(what, "BatchNormalization")) {
        size_t c = (size_t)place[1], count = (size_t)what->dims[0];
        const float *s = built->weight;
        return ((double)inputs[0].values[index] - (double)s[2 * count + c]) * (double)s[c] /
                   sqrt((double)s[3 * count + c] + (double)1e-5f) +
               (double)s[count + c];
    }
    if (case_is(what, "DequantizeLinear"))
        return (double)((float)inputs[0].values[index] * case_input_scale(0));
    return inputs[0].values[index] + zero; /* Identity, Flatten, QuantizeLinear */
}

#endif
