#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

/* A quantised activation says itself how it is meant; scale and zero point, where given, must
 * agree. */
static mcomp_status check_activation(const mcomp_graph *graph, const mc_node *node)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    const mc_value *zero = mc_node_input(graph, node, 2);
    MC_REQUIRE(input->dtype != MCOMP_DTYPE_F32, MCOMP_ERR_SHAPE,
               "node %s: input %s is not quantised", node->name, input->name);
    if (!mc_node_input(graph, node, 1))
        return MCOMP_OK;
    float scale;
    MC_TRY(mc_node_constant_float(graph, node, 1, &scale));
    int32_t zero_point = 0;
    if (zero) {
        const mcomp_tensor *tensor = zero->constant;
        MC_REQUIRE(tensor && !tensor->encoded && tensor->element_count == 1 &&
                       tensor->dtype == input->dtype,
                   MCOMP_ERR_SHAPE, "node %s: zero point %s must be one constant %s", node->name,
                   zero->name, mc_dtype_name(input->dtype));
        MC_TRY(mc_tensor_touch(tensor));
        zero_point = tensor->dtype == MCOMP_DTYPE_U8 ? *(const uint8_t *)tensor->data
                                                     : *(const int8_t *)tensor->data;
    }
    MC_REQUIRE(scale == input->scale && zero_point == input->zero_point, MCOMP_ERR_UNSUPPORTED,
               "node %s: scale %g and zero point %d are not those of %s, %g and %d", node->name,
               (double)scale, zero_point, input->name, (double)input->scale, input->zero_point);
    return MCOMP_OK;
}

/* One element, or a list of one for each index along the axis. */
static bool is_parameter(const mc_value *value, const mc_value *input, int32_t axis)
{
    size_t count = mc_value_element_count(value);
    return value->constant && !value->constant->encoded && value->rank <= 1 &&
           (count == 1 || (axis < (int32_t)input->rank && (int64_t)count == input->shape[axis]));
}

static mcomp_status check_constant(const mcomp_graph *graph, const mc_node *node)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    const mc_value *scale = mc_node_input(graph, node, 1);
    const mc_value *zero = mc_node_input(graph, node, 2);
    MC_REQUIRE(input->constant && !input->constant->encoded &&
                   (input->dtype == MCOMP_DTYPE_U8 || input->dtype == MCOMP_DTYPE_S8 ||
                    input->dtype == MCOMP_DTYPE_S32),
               MCOMP_ERR_UNSUPPORTED,
               "node %s: input %s is %s, must be constant uint8, int8 or int32", node->name,
               input->name, mc_dtype_name(input->dtype));
    MC_REQUIRE(scale && scale->dtype == MCOMP_DTYPE_F32 &&
                   is_parameter(scale, input, node->params.axis),
               MCOMP_ERR_SHAPE, "node %s: needs a constant scale, one or one for each of axis %d",
               node->name, node->params.axis);
    MC_REQUIRE(!zero ||
                   (zero->dtype == input->dtype && is_parameter(zero, input, node->params.axis) &&
                    mc_value_element_count(zero) == mc_value_element_count(scale)),
               MCOMP_ERR_SHAPE,
               "node %s: needs as many zero points as scales, of its input's dtype", node->name);
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    bool is_activation = input->rank > 0 && input->shape[0] == MCOMP_BATCH;
    /* Of no meaning with one scale; then a constant may have any rank. */
    MC_TRY(mc_attribute_integer(node, "axis", -(int64_t)MCOMP_MAX_RANK, MCOMP_MAX_RANK - 1,
                                &node->params.axis));
    if (!mc_node_attribute(node, "axis"))
        node->params.axis = 1;
    if (node->params.axis < 0)
        node->params.axis += (int32_t)input->rank;
    if (node->params.axis < 0)
        node->params.axis = 0;
    MC_TRY(is_activation ? check_activation(graph, node) : check_constant(graph, node));
    output->rank = input->rank;
    for (uint32_t axis = 0; axis < input->rank; axis++)
        output->shape[axis] = input->shape[axis];
    output->dtype = MCOMP_DTYPE_F32;
    return MCOMP_OK;
}

static const char *const attributes[] = {"axis", NULL};

const mc_operator mc_operator_dequantize_linear = {"DequantizeLinear", 1, 3, attributes, infer};
