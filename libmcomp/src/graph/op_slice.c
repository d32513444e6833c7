#include <string.h>

#include "attributes.h"
#include "base/status.h"

typedef struct slice_inputs {
    int64_t starts[MCOMP_MAX_RANK];
    int64_t ends[MCOMP_MAX_RANK];
    int64_t axes[MCOMP_MAX_RANK];
    int64_t steps[MCOMP_MAX_RANK];
    uint32_t count;
} slice_inputs;

static mcomp_status parse(const mcomp_graph *graph, const mc_node *node, slice_inputs *inputs)
{
    uint32_t end_count, axis_count, step_count;
    MC_TRY(
        mc_node_constant_integers(graph, node, 1, inputs->starts, MCOMP_MAX_RANK, &inputs->count));
    MC_TRY(mc_node_constant_integers(graph, node, 2, inputs->ends, MCOMP_MAX_RANK, &end_count));
    axis_count = step_count = inputs->count;
    for (uint32_t i = 0; i < inputs->count; i++) {
        inputs->axes[i] = i;
        inputs->steps[i] = 1;
    }
    if (mc_node_input(graph, node, 3))
        MC_TRY(
            mc_node_constant_integers(graph, node, 3, inputs->axes, MCOMP_MAX_RANK, &axis_count));
    if (mc_node_input(graph, node, 4))
        MC_TRY(
            mc_node_constant_integers(graph, node, 4, inputs->steps, MCOMP_MAX_RANK, &step_count));
    MC_REQUIRE(end_count == inputs->count && axis_count == inputs->count &&
                   step_count == inputs->count,
               MCOMP_ERR_SHAPE, "node %s: %u starts, %u ends, %u axes, %u steps", node->name,
               inputs->count, end_count, axis_count, step_count);
    return MCOMP_OK;
}

/* An index from the end made one from the beginning, both kept in [low, high]. */
static int64_t place(int64_t index, int64_t extent, int64_t low, int64_t high)
{
    if (index < 0)
        index = index < -extent ? low : index + extent;
    return index < low ? low : index > high ? high : index;
}

static mcomp_status slice_axis(mc_node *node, const slice_inputs *inputs, uint32_t i, uint32_t axis,
                               int64_t *extent)
{
    int64_t step = inputs->steps[i];
    MC_REQUIRE(step != 0 && step >= -INT32_MAX && step <= INT32_MAX, MCOMP_ERR_UNSUPPORTED,
               "node %s: step is %lld, not in [1, 2^31 - 1] or its negative", node->name,
               (long long)step);
    if (axis == 0) {
        MC_REQUIRE(inputs->starts[i] == 0 && inputs->ends[i] >= INT32_MAX && step == 1,
                   MCOMP_ERR_UNSUPPORTED, "node %s: slices the batch", node->name);
        return MCOMP_OK;
    }
    /* Backwards, the first index is an element's and the end may lie before element 0. */
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? *extent : *extent - 1;
    int64_t begin = place(inputs->starts[i], *extent, 0, high);
    int64_t end = place(inputs->ends[i], *extent, low, high);
    int64_t distance = step > 0 ? end - begin : begin - end, stride = step > 0 ? step : -step;
    MC_REQUIRE(distance > 0, MCOMP_ERR_SHAPE,
               "node %s: nothing is left of axis %u: [%lld, %lld) in steps of %lld", node->name,
               axis, (long long)begin, (long long)end, (long long)step);
    *extent = (distance + stride - 1) / stride;
    node->params.begin[axis] = begin;
    node->params.step[axis] = step;
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    slice_inputs inputs;
    bool seen[MCOMP_MAX_RANK] = {false};
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(parse(graph, node, &inputs));
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = input->rank;
    memcpy(output->shape, input->shape, sizeof output->shape);
    for (uint32_t axis = 0; axis < MCOMP_MAX_RANK; axis++)
        node->params.step[axis] = 1;
    for (uint32_t i = 0; i < inputs.count; i++) {
        uint32_t axis = 0;
        MC_TRY(mc_node_axis(node, input->rank, inputs.axes[i], seen, &axis));
        MC_TRY(slice_axis(node, &inputs, i, axis, &output->shape[axis]));
    }
    return mc_node_keep_quantization(graph, node, output);
}

static const char *const attributes[] = {"output_dtype", "output_scale", "output_zero_point", NULL};

const mc_operator mc_operator_slice = {"Slice", 3, 5, attributes, infer};
