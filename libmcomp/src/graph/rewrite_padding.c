/* A Pad of height and width goes into the window that reads it, where the window pads with the same
 * number. Other readers keep the Pad. */
#include <math.h>

#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"

/* Padding before and after on one axis, and what the window does there. */
typedef struct padded_axis {
    int64_t extent;        /* without the Pad */
    int64_t before, after; /* of Pad and window */
    int64_t kernel, dilation;
} padded_axis;

static padded_axis get_axis(const mcomp_graph *graph, const mc_node *node, const mc_node *pad,
                            uint32_t axis)
{
    const mc_window *window = &node->params.window;
    bool is_height = axis == 2;
    return (padded_axis){
        .extent = mc_node_input(graph, pad, 0)->shape[axis],
        .before = pad->params.begin[axis] + (is_height ? window->pad_top : window->pad_left),
        .after = pad->params.end[axis] + (is_height ? window->pad_bottom : window->pad_right),
        .kernel = is_height ? window->kernel_h : window->kernel_w,
        .dilation = is_height ? window->dilation_h : window->dilation_w};
}

/* Is the padding smaller than the window, as pools want it? */
static bool fits_pool(const padded_axis *axis)
{
    int64_t span = (axis->kernel - 1) * axis->dilation + 1;
    return axis->before < span && axis->after < span;
}

/* Does every window hold an element that is no padding? One that begins in the padding comes to the
 * first elements at less than its dilation; none begins after the last, as the padding is smaller
 * than the window. */
static bool holds_elements(const padded_axis *axis)
{
    return fits_pool(axis) && axis->dilation <= axis->extent;
}

static bool all_are(const mc_node *node, const bool *values)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!values[node->inputs[i]])
            return false;
    return true;
}

/* Is no element of the result negative, whatever the input? NaN may be there.
 * @param not_negative  by value, of those before */
static bool is_not_negative(const mcomp_graph *graph, const mc_node *node, const bool *not_negative)
{
    static const char *const movers[] = {
        "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "ReduceMean", "Slice",
        "Reshape", "Flatten",     "Transpose",     "Identity",          "HardSwish",  "LeakyRelu"};
    const mc_activation *activation = &node->params.activation;
    const mc_value *input = mc_node_input(graph, node, 0);
    if (activation->clamp && (activation->low >= 0 || activation->high < 0))
        return activation->high >= 0;
    if (mc_node_is(node, "Sigmoid") || mc_node_is(node, "HardSigmoid") ||
        mc_node_is(node, "Softmax"))
        return true;
    if (mc_node_is(node, "DequantizeLinear"))
        return input->dtype == MCOMP_DTYPE_U8 && !input->constant && input->zero_point == 0;
    if (mc_node_is(node, "Concat") || mc_node_is(node, "Add") || mc_node_is(node, "Mul"))
        return all_are(node, not_negative);
    /* A window of elements that stand apart may hold padding alone, which is -infinity. */
    if (mc_node_is(node, "MaxPool") &&
        (node->params.window.dilation_h > 1 || node->params.window.dilation_w > 1))
        return false;
    bool moves = mc_node_is(node, "Pad") && !(node->params.pad_value < 0);
    for (size_t i = 0; i < sizeof movers / sizeof movers[0]; i++)
        moves = moves || mc_node_is(node, movers[i]);
    return moves && not_negative[node->inputs[0]];
}

static bool accepts_max(const mc_rebuild *rebuild, const mc_node *node, const mc_node *pad,
                        const padded_axis axes[2], const bool *not_negative)
{
    float value = pad->params.pad_value;
    bool is_float = rebuild->source->values[node->output].dtype == MCOMP_DTYPE_F32;
    bool same = (value < 0 && isinf(value)) || (value == 0 && not_negative[pad->inputs[0]]);
    return is_float && same && !node->params.ceil_mode && holds_elements(&axes[0]) &&
           holds_elements(&axes[1]);
}

static bool accepts_average(const mc_node *node, const mc_node *pad, const padded_axis axes[2])
{
    const mc_window *window = &node->params.window;
    int32_t own = window->pad_top | window->pad_left | window->pad_bottom | window->pad_right;
    /* What the Pad adds is counted; so must the window's own padding be. */
    return pad->params.pad_value == 0 && !node->params.ceil_mode &&
           (own == 0 || node->params.count_include_pad) && fits_pool(&axes[0]) &&
           fits_pool(&axes[1]);
}

/* The Pad that goes into the node, or NULL. */
static const mc_node *find_pad(const mc_rebuild *rebuild, const mc_node *node,
                               const bool *not_negative)
{
    const mcomp_graph *graph = rebuild->source;
    bool is_conv = mc_node_is(node, "Conv"), is_max = mc_node_is(node, "MaxPool");
    if (!is_conv && !is_max && !mc_node_is(node, "AveragePool"))
        return NULL;
    const mc_node *pad = mc_rebuild_producer(rebuild, node->inputs[0]);
    if (!pad || !mc_node_is(pad, "Pad") || pad->params.pad_mode != MC_PAD_CONSTANT ||
        pad->params.begin[1] != 0 || pad->params.end[1] != 0)
        return NULL;
    const padded_axis axes[2] = {get_axis(graph, node, pad, 2), get_axis(graph, node, pad, 3)};
    for (int i = 0; i < 2; i++)
        if (axes[i].before > INT32_MAX || axes[i].after > INT32_MAX)
            return NULL;
    bool accepts = is_conv  ? pad->params.pad_value == 0
                   : is_max ? accepts_max(rebuild, node, pad, axes, not_negative)
                            : accepts_average(node, pad, axes);
    return accepts ? pad : NULL;
}

static mcomp_status make_node(mc_rebuild *rebuild, const mc_node *node, const mc_node *pad)
{
    const mcomp_graph *graph = rebuild->source;
    const padded_axis h = get_axis(graph, node, pad, 2), w = get_axis(graph, node, pad, 3);
    const int64_t pads[4] = {h.before, w.before, h.after, w.after}, one = 1;
    const mcomp_attribute changes[3] = {mc_attribute_of_integers("pads", pads, 4),
                                        mc_attribute_of_text("auto_pad", "NOTSET"),
                                        mc_attribute_of_integers("count_include_pad", &one, 1)};
    mcomp_value inputs[4] = {MCOMP_NO_VALUE, MCOMP_NO_VALUE, MCOMP_NO_VALUE, MCOMP_NO_VALUE};
    for (uint32_t i = 0; i < node->input_count; i++)
        MC_TRY(mc_rebuild_get(rebuild, i == 0 ? pad->inputs[0] : node->inputs[i], &inputs[i]));
    return mc_rebuild_add_node(rebuild, node, rebuild->names[node->output], inputs,
                               node->input_count, changes, mc_node_is(node, "AveragePool") ? 3 : 2,
                               &rebuild->map[node->output]);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    bool *not_negative = mc_arena_alloc(&rebuild->arena, graph->value_count); /* by value */
    if (!not_negative)
        return mc_fail_memory(graph->value_count);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (!rebuild->live[n])
            continue;
        not_negative[node->output] = is_not_negative(graph, node, not_negative);
        const mc_node *pad = find_pad(rebuild, node, not_negative);
        MC_TRY(pad ? make_node(rebuild, node, pad) : mc_rebuild_copy(rebuild, node));
        info->paddings_merged += pad != NULL;
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_merge_padding(mcomp_graph *graph, mcomp_simplify_info *info,
                                      mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
