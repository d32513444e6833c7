#include "base/status.h"
#include "rewrite_transposes.h"
#include "tensor/tensor_struct.h"

typedef struct named_kind {
    const char *op;
    mc_frame_kind kind;
} named_kind;

static const named_kind kinds[] = {
    {"Transpose", MC_FRAME_TRANSPOSE},
    {"Relu", MC_FRAME_ELEMENTWISE},
    {"Clip", MC_FRAME_ELEMENTWISE},
    {"LeakyRelu", MC_FRAME_ELEMENTWISE},
    {"Sigmoid", MC_FRAME_ELEMENTWISE},
    {"HardSigmoid", MC_FRAME_ELEMENTWISE},
    {"HardSwish", MC_FRAME_ELEMENTWISE},
    {"QuantizeLinear", MC_FRAME_ELEMENTWISE},
    {"DequantizeLinear", MC_FRAME_ELEMENTWISE},
    {"Add", MC_FRAME_BROADCAST},
    {"Sub", MC_FRAME_BROADCAST},
    {"Mul", MC_FRAME_BROADCAST},
    {"Div", MC_FRAME_BROADCAST},
    {"PRelu", MC_FRAME_BROADCAST},
    {"Concat", MC_FRAME_CONCAT},
    {"Pad", MC_FRAME_PAD},
    {"Slice", MC_FRAME_SLICE},
    {"Softmax", MC_FRAME_SOFTMAX},
    {"BatchNormalization", MC_FRAME_CHANNELS},
    {"LRN", MC_FRAME_CHANNELS},
    {"GlobalAveragePool", MC_FRAME_CHANNELS},
    {"GlobalMaxPool", MC_FRAME_CHANNELS},
    {"MaxPool", MC_FRAME_WINDOW},
    {"AveragePool", MC_FRAME_WINDOW},
    {"Reshape", MC_FRAME_RESHAPE},
    {"Flatten", MC_FRAME_RESHAPE},
};

/* Constants can be transposed: float32, plain. */
static bool has_plain_operands(const mcomp_graph *graph, const mc_node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        const mc_value *value = mc_node_input(graph, node, i);
        bool is_plain =
            value->constant && !value->constant->encoded && value->dtype == MCOMP_DTYPE_F32;
        if (!mc_value_has_batch(value) && !is_plain)
            return false;
    }
    return true;
}

/* The order in which a Reshape puts axes, if all that it does is to move axes of extent 1: the others
 * stay in order, and so do those of extent 1. */
static bool find_order(const mcomp_graph *graph, const mc_node *node, mc_permutation *order)
{
    const mc_value *input = mc_node_input(graph, node, 0), *output = &graph->values[node->output];
    if (!mc_node_is(node, "Reshape") || input->rank != output->rank)
        return false;
    *order = mc_permutation_identity();
    uint32_t one = 1, other = 1; /* the next axis of extent 1, the next other one */
    for (uint32_t axis = 1; axis < output->rank; axis++) {
        uint32_t *next = output->shape[axis] == 1 ? &one : &other;
        while (*next < input->rank && (input->shape[*next] == 1) != (output->shape[axis] == 1))
            (*next)++;
        if (*next == input->rank || input->shape[*next] != output->shape[axis])
            return false;
        order->axes[axis] = (uint8_t)(*next)++;
    }
    return true;
}

mc_permutation mc_frame_transpose(const mcomp_graph *graph, const mc_node *node)
{
    mc_permutation order = mc_permutation_identity();
    if (find_order(graph, node, &order))
        return order;
    for (uint32_t axis = 0; axis < graph->values[node->output].rank; axis++)
        order.axes[axis] = (uint8_t)node->params.perm[axis];
    return order;
}

mc_frame_kind mc_frame_kind_of(const mcomp_graph *graph, const mc_node *node)
{
    mc_permutation order;
    const mc_value *input = mc_node_input(graph, node, 0), *output = &graph->values[node->output];
    if (!mc_value_has_batch(output))
        return MC_FRAME_FIXED;
    if (mc_node_is(node, "ReduceMean"))
        return output->rank == input->rank ? MC_FRAME_REDUCE : MC_FRAME_SQUEEZE;
    if (find_order(graph, node, &order))
        return MC_FRAME_TRANSPOSE;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (mc_node_is(node, kinds[i].op))
            return kinds[i].kind != MC_FRAME_BROADCAST || has_plain_operands(graph, node)
                       ? kinds[i].kind
                       : MC_FRAME_FIXED;
    return MC_FRAME_FIXED;
}

bool mc_frame_kind_keeps_frame(mc_frame_kind kind)
{
    return kind != MC_FRAME_FIXED && kind != MC_FRAME_TRANSPOSE && kind != MC_FRAME_SQUEEZE &&
           kind != MC_FRAME_RESHAPE;
}

/* A Gemm, or MatMul of a matrix, whose weight may take the order of the rows that it reads. */
static bool reorders_weight(const mc_frames *state, const mc_form_use *use)
{
    const mc_rebuild *rebuild = &state->rebuild;
    if (use->node < 0 || !mc_permutation_is_identity(state->forms[use->value].axes))
        return false;
    const mc_node *node = &rebuild->source->nodes[use->node];
    const mc_value *weight = mc_node_input(rebuild->source, node, 1);
    bool reads = mc_node_is(node, "Gemm") || mc_node_is(node, "MatMul");
    return reads && mc_node_has_weight(rebuild->source, node) && !weight->constant->encoded &&
           weight->dtype == MCOMP_DTYPE_F32 && mc_rebuild_has_sole_reader(rebuild, node->inputs[1]);
}

/* Do weights take up another order of a [N, K] result? */
static bool all_reorder(const mc_frames *state, mcomp_value value)
{
    uint32_t first = state->use_starts[value], end = state->use_starts[value + 1];
    for (uint32_t u = first; u < end; u++)
        if (!reorders_weight(state, &state->uses[u]))
            return false;
    return state->rebuild.source->values[value].rank == 2;
}

/* Are the axes that stay in the order that they had? */
static bool keeps_rest(const mc_node *node, mc_permutation frame, uint32_t rank)
{
    uint32_t last = 0;
    for (uint32_t axis = 0; axis < rank; axis++) {
        if (node->params.reduced[frame.axes[axis]])
            continue;
        if (frame.axes[axis] < last)
            return false;
        last = frame.axes[axis];
    }
    return true;
}

bool mc_frames_accept(const mc_frames *state, const mc_node *node, mc_permutation frame)
{
    const mc_rebuild *rebuild = &state->rebuild;
    const mc_value *input = mc_node_input(rebuild->source, node, 0);
    if (mc_permutation_is_identity(frame))
        return true;
    switch (state->kinds[rebuild->source->values[node->output].producer]) {
    case MC_FRAME_FIXED:
    case MC_FRAME_TRANSPOSE:
        return false;
    case MC_FRAME_CHANNELS:
    case MC_FRAME_WINDOW:
        return frame.axes[1] == 1;
    case MC_FRAME_SQUEEZE:
        return keeps_rest(node, frame, input->rank);
    case MC_FRAME_RESHAPE:
        return mc_permutation_keeps_order(frame, input->rank, input->shape) ||
               all_reorder(state, node->output);
    default:
        return true;
    }
}

/* A float32 constant with its axes in another order, `rank` of them. */
static mcomp_status add_transposed(mc_rebuild *rebuild, mcomp_value constant, uint32_t rank,
                                   const int64_t *shape, mc_permutation order, uint32_t out_rank,
                                   const int64_t *out_shape, mcomp_value *out)
{
    const mc_value *old = &rebuild->source->values[constant];
    bool in_place = rebuild->reader_counts[constant] == 1;
    /* After the constant: the node may wait for a name that begins with its own. */
    const char *name =
        in_place ? old->name : mc_rebuild_unique_name(rebuild, old->name, "_transposed");
    if (!name)
        return mc_fail_memory(1);
    mcomp_tensor *tensor = NULL;
    MC_TRY(mc_tensor_touch(old->constant));
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, out_rank, out_shape, NULL,
                               &tensor));
    mc_permutation_move(order, rank, shape, old->constant->data, tensor->data);
    MC_TRY(mc_rebuild_add_constant(rebuild, name, tensor, out));
    mc_graph_set_sqnr(rebuild->result, *out, old->sqnr_db);
    return MCOMP_OK;
}

static mcomp_status make_operands(mc_frames *state, const mc_node *node, mc_permutation frame,
                                  mcomp_value *inputs)
{
    mc_rebuild *rebuild = &state->rebuild;
    uint32_t rank = rebuild->source->values[node->output].rank;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const mc_value *operand = mc_node_input(rebuild->source, node, i);
        if (!operand->constant || operand->constant->element_count == 1)
            continue;
        /* Aligned at the end: axes in front of it are 1. */
        int64_t shape[MCOMP_MAX_RANK], out_shape[MCOMP_MAX_RANK];
        for (uint32_t axis = 0; axis < rank; axis++) {
            uint32_t missing = rank - operand->rank;
            shape[axis] = axis < missing ? 1 : operand->shape[axis - missing];
        }
        mc_permutation_shape(frame, rank, shape, out_shape);
        MC_TRY(add_transposed(rebuild, node->inputs[i], rank, shape, frame, rank, out_shape,
                              &inputs[i]));
    }
    return MCOMP_OK;
}

static mcomp_status make_pads(mc_frames *state, const mc_node *node, mc_permutation frame,
                              mcomp_value *inputs)
{
    int64_t pads[2 * MCOMP_MAX_RANK];
    uint32_t rank = state->rebuild.source->values[node->output].rank;
    mc_permutation_shape(frame, rank, node->params.begin, pads);
    mc_permutation_shape(frame, rank, node->params.end, pads + rank);
    MC_TRY(
        mc_rebuild_add_integers(&state->rebuild, node->name, "_pads", pads, 2 * rank, &inputs[1]));
    if (node->input_count > 3)
        inputs[3] = MCOMP_NO_VALUE; /* no list of axes: all */
    return MCOMP_OK;
}

/* All axes but the batch are named. */
static mcomp_status make_slices(mc_frames *state, const mc_node *node, mc_permutation frame,
                                mcomp_value *inputs)
{
    static const char *const suffixes[] = {"_starts", "_ends", "_axes", "_steps"};
    int64_t parts[4][MCOMP_MAX_RANK];
    const mc_value *output = &state->rebuild.source->values[node->output];
    for (uint32_t axis = 1; axis < output->rank; axis++) {
        uint32_t from = frame.axes[axis];
        int64_t begin = node->params.begin[from], step = node->params.step[from];
        int64_t end = begin + step * output->shape[from];
        parts[0][axis - 1] = begin;
        parts[1][axis - 1] = end < 0 ? INT64_MIN : end; /* backwards, to the first element */
        parts[2][axis - 1] = axis;
        parts[3][axis - 1] = step;
    }
    for (int i = 0; i < 4; i++)
        MC_TRY(mc_rebuild_add_integers(&state->rebuild, node->name, suffixes[i], parts[i],
                                       output->rank - 1, &inputs[1 + i]));
    return MCOMP_OK;
}

/* The extents of the result, in which 0 would copy another axis now. */
static mcomp_status make_shape(mc_frames *state, const mc_node *node, mcomp_value *inputs)
{
    const mc_value *output = &state->rebuild.source->values[node->output];
    return mc_rebuild_add_shape(&state->rebuild, node->name, output->rank, output->shape,
                                &inputs[1]);
}

/* Attributes of a window whose height and width change places. */
static mcomp_status make_window(mc_frames *state, const mc_node *node, const char *name,
                                const mcomp_value *inputs, mcomp_value *out)
{
    const mc_window *window = &node->params.window;
    const int64_t kernel[2] = {window->kernel_w, window->kernel_h};
    const int64_t strides[2] = {window->stride_w, window->stride_h};
    const int64_t dilations[2] = {window->dilation_w, window->dilation_h};
    const int64_t pads[4] = {window->pad_left, window->pad_top, window->pad_right,
                             window->pad_bottom};
    const mcomp_attribute changes[5] = {mc_attribute_of_integers("kernel_shape", kernel, 2),
                                        mc_attribute_of_integers("strides", strides, 2),
                                        mc_attribute_of_integers("pads", pads, 4),
                                        mc_attribute_of_text("auto_pad", "NOTSET"),
                                        mc_attribute_of_integers("dilations", dilations, 2)};
    return mc_rebuild_add_node(&state->rebuild, node, name, inputs, node->input_count, changes,
                               mc_node_is(node, "MaxPool") ? 5 : 4, out);
}

static mcomp_status make_axes(mc_frames *state, const mc_node *node, mc_permutation frame,
                              const char *name, const mcomp_value *inputs, mcomp_value *out)
{
    int64_t axes[MCOMP_MAX_RANK];
    size_t count = 0;
    uint32_t rank = mc_node_input(state->rebuild.source, node, 0)->rank;
    bool is_reduce = mc_node_is(node, "ReduceMean");
    for (uint32_t axis = 0; axis < rank; axis++) {
        bool named = is_reduce ? node->params.reduced[frame.axes[axis]]
                               : frame.axes[axis] == node->params.axis;
        if (named)
            axes[count++] = axis;
    }
    const mcomp_attribute change =
        mc_attribute_of_integers(is_reduce ? "axes" : "axis", axes, count);
    return mc_rebuild_add_node(&state->rebuild, node, name, inputs, node->input_count, &change, 1,
                               out);
}

/* The weight's rows in the order in which a Flatten in another frame gives its elements. */
static mcomp_status make_weight(mc_frames *state, const mc_node *node, mcomp_value *inputs)
{
    mc_rebuild *rebuild = &state->rebuild;
    mcomp_value rows = state->forms[node->inputs[0]].root;
    const mc_node *flatten = rows == MCOMP_NO_VALUE ? NULL : mc_rebuild_producer(rebuild, rows);
    if (!flatten)
        return MCOMP_OK;
    int32_t index = rebuild->source->values[flatten->output].producer;
    const mc_value *image = mc_node_input(rebuild->source, flatten, 0);
    mc_permutation frame = state->frames[index];
    if (state->kinds[index] != MC_FRAME_RESHAPE ||
        mc_permutation_keeps_order(frame, image->rank, image->shape))
        return MCOMP_OK;
    const mc_value *weight = mc_node_input(rebuild->source, node, 1);
    int64_t shape[MCOMP_MAX_RANK];
    mc_permutation order = mc_permutation_identity();
    bool inputs_first = mc_node_weight_is_inputs_first(node);
    for (uint32_t axis = 1; axis < image->rank; axis++) {
        shape[inputs_first ? axis - 1 : axis] = image->shape[axis];
        order.axes[inputs_first ? axis - 1 : axis] =
            (uint8_t)(frame.axes[axis] - (inputs_first ? 1 : 0));
    }
    shape[inputs_first ? image->rank - 1 : 0] = weight->shape[inputs_first ? 1 : 0];
    return add_transposed(rebuild, node->inputs[1], image->rank, shape, order, 2, weight->shape,
                          &inputs[1]);
}

/* The inputs that change with the frame. */
static mcomp_status change_inputs(mc_frames *state, const mc_node *node, mc_permutation frame,
                                  mcomp_value *inputs, uint32_t *count)
{
    switch (state->kinds[state->rebuild.source->values[node->output].producer]) {
    case MC_FRAME_BROADCAST:
        return make_operands(state, node, frame, inputs);
    case MC_FRAME_PAD:
        return make_pads(state, node, frame, inputs);
    case MC_FRAME_SLICE:
        *count = 5;
        return make_slices(state, node, frame, inputs);
    case MC_FRAME_RESHAPE:
        return mc_node_is(node, "Reshape") ? make_shape(state, node, inputs) : MCOMP_OK;
    default:
        return MCOMP_OK;
    }
}

mcomp_status mc_frames_make_node(mc_frames *state, const mc_node *node, const char *name,
                                 mcomp_value *inputs, mcomp_value *out)
{
    int32_t index = state->rebuild.source->values[node->output].producer;
    mc_frame_kind kind = state->kinds[index];
    mc_permutation frame = state->frames[index];
    uint32_t count = node->input_count;
    bool in_place = mc_permutation_is_identity(frame);
    if (mc_node_is(node, "Gemm") || mc_node_is(node, "MatMul"))
        MC_TRY(make_weight(state, node, inputs));
    else if (!in_place)
        MC_TRY(change_inputs(state, node, frame, inputs, &count));
    for (uint32_t i = 0; i < count; i++)
        if (inputs[i] == MC_FRAMES_CONSTANT)
            MC_TRY(mc_rebuild_get(&state->rebuild, node->inputs[i], &inputs[i]));
    if (kind == MC_FRAME_WINDOW && !in_place)
        return make_window(state, node, name, inputs, out);
    if (!in_place && (kind == MC_FRAME_CONCAT || kind == MC_FRAME_SOFTMAX ||
                      kind == MC_FRAME_REDUCE || kind == MC_FRAME_SQUEEZE))
        return make_axes(state, node, frame, name, inputs, out);
    return mc_rebuild_add_node(&state->rebuild, node, name, inputs, count, NULL, 0, out);
}
