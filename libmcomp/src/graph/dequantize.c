#include "dequantize.h"

#include <math.h>

#include "base/status.h"
#include "tensor/tensor_struct.h"

bool mc_node_dequantizes_constant(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_is(node, "DequantizeLinear") && mc_node_input(graph, node, 0)->constant;
}

static int32_t integer_at(const mcomp_tensor *tensor, size_t index)
{
    if (tensor->dtype == MCOMP_DTYPE_U8)
        return ((const uint8_t *)tensor->data)[index];
    if (tensor->dtype == MCOMP_DTYPE_S8)
        return ((const int8_t *)tensor->data)[index];
    return ((const int32_t *)tensor->data)[index];
}

float mc_dequantize_scale(const mcomp_graph *graph, const mc_node *node, size_t index)
{
    const mcomp_tensor *scales = mc_node_input(graph, node, 1)->constant;
    return ((const float *)scales->data)[scales->element_count == 1 ? 0 : index];
}

int32_t mc_dequantize_zero_point(const mcomp_graph *graph, const mc_node *node, size_t index)
{
    const mc_value *zero_points = mc_node_input(graph, node, 2);
    if (!zero_points)
        return 0;
    return integer_at(zero_points->constant, zero_points->constant->element_count == 1 ? 0 : index);
}

/* Checks of what a file may hold. */
static mcomp_status check(const mcomp_graph *graph, const mc_node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (mc_node_input(graph, node, i))
            MC_TRY(mc_tensor_touch(mc_node_input(graph, node, i)->constant));
    const mcomp_tensor *scales = mc_node_input(graph, node, 1)->constant;
    for (size_t i = 0; i < scales->element_count; i++) {
        float scale = mc_dequantize_scale(graph, node, i);
        MC_REQUIRE(scale > 0 && isfinite(scale), MCOMP_ERR_INVALID_ARGUMENT,
                   "node %s: scale %zu is %g, not a positive number", node->name, i, (double)scale);
    }
    return MCOMP_OK;
}

static mcomp_status encode(const mcomp_graph *graph, const mc_node *node, mcomp_tensor **out)
{
    const mcomp_tensor *integers = mc_node_input(graph, node, 0)->constant;
    const mcomp_tensor *scales = mc_node_input(graph, node, 1)->constant;
    int32_t *zero_points =
        mc_alloc_array(graph->context, scales->element_count, sizeof *zero_points);
    if (!zero_points)
        return mc_fail_memory(scales->element_count * sizeof *zero_points);
    for (size_t i = 0; i < scales->element_count; i++)
        zero_points[i] = mc_dequantize_zero_point(graph, node, i);
    mcomp_status status = mcomp_tensor_create_quantized(
        graph->context, integers->dtype, integers->rank, integers->shape, integers->data,
        scales->data, zero_points, scales->element_count, out);
    mc_free(graph->context, zero_points);
    return status;
}

static mcomp_status expand(const mcomp_graph *graph, const mc_node *node, mcomp_tensor **out)
{
    const mcomp_tensor *integers = mc_node_input(graph, node, 0)->constant;
    bool per_axis = mc_node_input(graph, node, 1)->constant->element_count > 1;
    size_t inner = 1, extent = 1;
    if (per_axis) {
        extent = (size_t)integers->shape[node->params.axis];
        for (uint32_t axis = (uint32_t)node->params.axis + 1; axis < integers->rank; axis++)
            inner *= (size_t)integers->shape[axis];
    }
    MC_TRY(mcomp_tensor_create(graph->context, MCOMP_DTYPE_F32, integers->rank, integers->shape,
                               NULL, out));
    float *values = (*out)->data;
    for (size_t i = 0; i < integers->element_count; i++) {
        size_t index = i / inner % extent;
        int64_t difference =
            (int64_t)integer_at(integers, i) - mc_dequantize_zero_point(graph, node, index);
        values[i] = (float)difference * mc_dequantize_scale(graph, node, index);
    }
    return MCOMP_OK;
}

mcomp_status mc_dequantize_constant(const mcomp_graph *graph, const mc_node *node,
                                    mcomp_tensor **out)
{
    MC_TRY(check(graph, node));
    const mcomp_tensor *integers = mc_node_input(graph, node, 0)->constant;
    bool per_axis = mc_node_input(graph, node, 1)->constant->element_count > 1;
    bool is_uniform = integers->dtype != MCOMP_DTYPE_S32 && integers->rank > 0 &&
                      (!per_axis || node->params.axis == 0);
    return is_uniform ? encode(graph, node, out) : expand(graph, node, out);
}
