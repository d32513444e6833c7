/** @file operator_oracle.h
 *  What a case's result must be, after docs/operators.md and nothing else: one element after the
 *  other, sums in double (integer sums stay below 2^53 and are exact there). */
#ifndef OPERATOR_ORACLE_H
#define OPERATOR_ORACLE_H

#include "oracle_elements.h"

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

static inline double oracle_dot(const built_case *built, const oracle_tensor *x,
                                const int64_t *place)
{
    int64_t from[MCOMP_MAX_RANK], depth = x->shape[x->rank - 1];
    memcpy(from, place, sizeof from);
    double sum = 0;
    for (int64_t k = 0; k < depth; k++) {
        size_t at = (size_t)(place[x->rank - 1] * depth + k);
        from[x->rank - 1] = k;
        sum += x->values[oracle_index(x, from)] * (built->kind == KIND_FLOAT
                                                       ? (double)built->weight[at]
                                                       : (double)built->integer_weight[at]);
    }
    return sum;
}

static inline double oracle_weighted(const built_case *built, const oracle_tensor *inputs,
                                     const int64_t *place, size_t index)
{
    double sum = case_is(built->what, "Conv") ? oracle_conv_sum(built, inputs, place)
                                              : oracle_dot(built, inputs, place);
    if (case_is(built->what, "MatMul"))
        return sum;
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

/** Max and average pools, global ones too. */
static inline double oracle_pool(const built_case *built, const oracle_tensor *x,
                                 const int64_t *place)
{
    const operator_case *what = built->what;
    bool is_max = strstr(what->op, "MaxPool") != NULL;
    /* A plane of any rank is a row of its elements to a global pool. */
    oracle_tensor plane = *x;
    mc_window w = built->graph->nodes[built->graph->node_count - 1].params.window;
    if (strstr(what->op, "Global")) {
        plane.rank = 4;
        plane.shape[2] = 1;
        plane.shape[3] = (int64_t)(oracle_count(x) / (size_t)(x->shape[0] * x->shape[1]));
        w = (mc_window){.kernel_h = 1, .kernel_w = (int32_t)plane.shape[3]};
    }
    double sum = 0, most = -INFINITY;
    int64_t inside_count = 0, padded_count = 0;
    for (int64_t ky = 0; ky < w.kernel_h; ky++)
        for (int64_t kx = 0; kx < w.kernel_w; kx++) {
            int64_t y = place[2] * w.stride_h + ky * (w.dilation_h ? w.dilation_h : 1) - w.pad_top;
            int64_t z = (x->rank > 3 ? place[3] : 0) * w.stride_w +
                        kx * (w.dilation_w ? w.dilation_w : 1) - w.pad_left;
            bool inside;
            double tap = oracle_tap(&plane, place[0], place[1], y, z, &inside);
            inside_count += inside;
            padded_count += y < plane.shape[2] + w.pad_bottom && z < plane.shape[3] + w.pad_right;
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

/** The nearest element, or that in a mirror at the first or last one. */
static inline int64_t oracle_pad_place(const char *mode, int64_t place, int64_t extent)
{
    if (strcmp(mode, "edge") == 0)
        return place < 0 ? 0 : place >= extent ? extent - 1 : place;
    while (place < 0 || place >= extent)
        place = place < 0 ? -place : 2 * extent - 2 - place;
    return place;
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
        if (slices && start >= x->shape[axis])
            start = x->shape[axis] - 1;
        if (slices)
            place[axis] = start + place[axis] * (what->steps[0] ? what->steps[i] : 1);
        else
            place[axis] -= what->pad_list[i];
        if (what->mode)
            place[axis] = oracle_pad_place(what->mode, place[axis], x->shape[axis]);
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
    if (case_has_weight(what))
        return oracle_weighted(built, inputs, place, index);
    if (strstr(what->op, "Pool"))
        return oracle_pool(built, inputs, place);
    if (case_is_binary(what))
        return oracle_binary(built, inputs, place);
    if (case_is(what, "MatMul"))
        return oracle_matrices(built, inputs, place);
    if (case_is(what, "ReduceMean"))
        return oracle_mean(what, inputs, output, place);
    if (case_is(what, "LRN"))
        return oracle_lrn(what, inputs, place);
    if (case_is(what, "Transpose"))
        return oracle_transposed(what, inputs, place) + zero;
    if (oracle_is_unary(what))
        return oracle_unary(what, inputs[0].values[index]);
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
    return inputs[0].values[index] + zero; /* Identity, Flatten, Reshape, QuantizeLinear */
}

#endif
