#include "attributes.h"

#include <math.h>

#include "base/status.h"
#include "tensor/tensor_struct.h"

static bool has_batch(const mc_value *value)
{
    return value->rank > 0 && value->shape[0] == MCOMP_BATCH;
}

mcomp_status mc_node_check_activation(const mcomp_graph *graph, const mc_node *node, uint32_t index)
{
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE(value && has_batch(value), MCOMP_ERR_UNSUPPORTED,
               "node %s: input %u (%s) must be an activation, not a constant", node->name, index,
               value ? value->name : "left out");
    return MCOMP_OK;
}

mcomp_status mc_node_check_float(const mcomp_graph *graph, const mc_node *node, uint32_t index)
{
    MC_TRY(mc_node_check_activation(graph, node, index));
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE(value->dtype == MCOMP_DTYPE_F32, MCOMP_ERR_SHAPE,
               "node %s: input %u (%s) is %s, must be float32", node->name, index, value->name,
               mc_dtype_name(value->dtype));
    return MCOMP_OK;
}

mcomp_status mc_node_check_rank(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                uint32_t rank)
{
    char shape[128];
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE(value->rank == rank, MCOMP_ERR_SHAPE,
               "node %s: input %u (%s) is %s, must have rank %u", node->name, index, value->name,
               mc_shape_format(value->rank, value->shape, shape, sizeof shape), rank);
    return MCOMP_OK;
}

mcomp_status mc_node_check_least_rank(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                      uint32_t rank)
{
    char shape[128];
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE(value->rank >= rank, MCOMP_ERR_SHAPE,
               "node %s: input %u (%s) is %s, must have rank %u or more", node->name, index,
               value->name, mc_shape_format(value->rank, value->shape, shape, sizeof shape), rank);
    return MCOMP_OK;
}

mcomp_status mc_node_check_weight(const mcomp_graph *graph, const mc_node *node, uint32_t index)
{
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE(value && !has_batch(value), MCOMP_ERR_UNSUPPORTED,
               "node %s: input %u (%s) must be a constant", node->name, index,
               value ? value->name : "left out");
    MC_REQUIRE(value->dtype == MCOMP_DTYPE_F32, MCOMP_ERR_SHAPE,
               "node %s: input %u (%s) is %s, must be float32", node->name, index, value->name,
               mc_dtype_name(value->dtype));
    for (uint32_t axis = 0; axis < value->rank; axis++)
        MC_REQUIRE(value->shape[axis] > 0, MCOMP_ERR_SHAPE, "node %s: input %u (%s) is empty",
                   node->name, index, value->name);
    return MCOMP_OK;
}

mcomp_status mc_node_check_integer_weight(const mcomp_graph *graph, const mc_node *node,
                                          uint64_t term_count)
{
    const mc_value *weight = mc_node_input(graph, node, 1);
    const mcomp_tensor *tensor = weight->constant;
    MC_REQUIRE(tensor && tensor->encoded && tensor->encoding.numeric == MCOMP_NUMERIC_UNIFORM,
               MCOMP_ERR_UNSUPPORTED,
               "node %s: computes in integers, so its weight %s must have a uniform encoding",
               node->name, weight->name);
    MC_REQUIRE(term_count <= MC_INTEGER_MAX_TERMS, MCOMP_ERR_UNSUPPORTED,
               "node %s: sums of %llu products do not fit 32-bit integers", node->name,
               (unsigned long long)term_count);
    return MCOMP_OK;
}

mcomp_status mc_node_check_bias(const mcomp_graph *graph, const mc_node *node,
                                int64_t channel_count)
{
    const mc_value *bias = mc_node_input(graph, node, 2);
    if (!bias)
        return MCOMP_OK;
    char shape[128];
    MC_REQUIRE(!has_batch(bias), MCOMP_ERR_UNSUPPORTED, "node %s: bias %s must be a constant",
               node->name, bias->name);
    mcomp_dtype dtype = mc_node_is_quantized(graph, node) ? MCOMP_DTYPE_S32 : MCOMP_DTYPE_F32;
    MC_REQUIRE(bias->dtype == dtype, MCOMP_ERR_SHAPE, "node %s: bias %s is %s, must be %s",
               node->name, bias->name, mc_dtype_name(bias->dtype), mc_dtype_name(dtype));
    MC_REQUIRE(bias->rank > 0 && bias->shape[bias->rank - 1] == channel_count &&
                   mc_value_element_count(bias) == (size_t)channel_count,
               MCOMP_ERR_SHAPE, "node %s: bias %s is %s for %lld output channels", node->name,
               bias->name, mc_shape_format(bias->rank, bias->shape, shape, sizeof shape),
               (long long)channel_count);
    return MCOMP_OK;
}

/* A plain constant input, or an error that names the node. */
static mcomp_status find_constant(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                  const mcomp_tensor **out)
{
    const mc_value *value = mc_node_input(graph, node, index);
    MC_REQUIRE(value && value->constant, MCOMP_ERR_UNSUPPORTED,
               "node %s: input %u (%s) must be a constant", node->name, index,
               value ? value->name : "left out");
    *out = value->constant;
    return MCOMP_OK;
}

mcomp_status mc_node_constant_integers(const mcomp_graph *graph, const mc_node *node,
                                       uint32_t index, int64_t *values, uint32_t capacity,
                                       uint32_t *count)
{
    const mcomp_tensor *tensor = NULL;
    MC_TRY(find_constant(graph, node, index, &tensor));
    const char *name = mc_node_input(graph, node, index)->name;
    MC_REQUIRE(
        !tensor->encoded && (tensor->dtype == MCOMP_DTYPE_S64 || tensor->dtype == MCOMP_DTYPE_S32),
        MCOMP_ERR_SHAPE, "node %s: input %u (%s) must hold integers", node->name, index, name);
    MC_REQUIRE(tensor->rank <= 1 && tensor->element_count <= capacity, MCOMP_ERR_SHAPE,
               "node %s: input %u (%s) has %zu elements in rank %u, expected a list of at most %u",
               node->name, index, name, tensor->element_count, tensor->rank, capacity);
    MC_TRY(mc_tensor_touch(tensor));
    *count = (uint32_t)tensor->element_count;
    for (uint32_t i = 0; i < *count; i++)
        values[i] = tensor->dtype == MCOMP_DTYPE_S64 ? ((const int64_t *)tensor->data)[i]
                                                     : ((const int32_t *)tensor->data)[i];
    return MCOMP_OK;
}

mcomp_status mc_node_constant_float(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                    float *value)
{
    const mcomp_tensor *tensor = NULL;
    MC_TRY(find_constant(graph, node, index, &tensor));
    const char *name = mc_node_input(graph, node, index)->name;
    MC_REQUIRE(tensor->dtype == MCOMP_DTYPE_F32 && tensor->element_count == 1, MCOMP_ERR_SHAPE,
               "node %s: input %u (%s) must be one float32", node->name, index, name);
    MC_TRY(mcomp_tensor_decode(tensor, value, 1));
    MC_REQUIRE(!isnan(*value), MCOMP_ERR_INVALID_ARGUMENT, "node %s: input %u (%s) is not a number",
               node->name, index, name);
    return MCOMP_OK;
}
