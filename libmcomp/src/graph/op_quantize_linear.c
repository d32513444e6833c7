#include "attributes.h"
#include "base/status.h"
#include "op_same_shape.h"
#include "tensor/tensor_struct.h"

static mcomp_status parse_zero_point(const mcomp_graph *graph, const mc_node *node,
                                     mc_value *output)
{
    output->dtype = MCOMP_DTYPE_U8;
    const mc_value *value = mc_node_input(graph, node, 2);
    if (!value)
        return MCOMP_OK;
    const mcomp_tensor *tensor = value->constant;
    MC_REQUIRE(tensor && !tensor->encoded && tensor->element_count == 1 &&
                   (tensor->dtype == MCOMP_DTYPE_U8 || tensor->dtype == MCOMP_DTYPE_S8),
               MCOMP_ERR_UNSUPPORTED, "node %s: zero point %s must be one constant uint8 or int8",
               node->name, value->name);
    MC_TRY(mc_tensor_touch(tensor));
    output->dtype = tensor->dtype;
    output->zero_point = tensor->dtype == MCOMP_DTYPE_U8 ? *(const uint8_t *)tensor->data
                                                         : *(const int8_t *)tensor->data;
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    int32_t axis = 0; /* of no meaning with one scale */
    MC_TRY(mc_same_shape_infer(graph, node, output));
    MC_TRY(mc_attribute_integer(node, "axis", -MCOMP_MAX_RANK, MCOMP_MAX_RANK, &axis));
    MC_TRY(mc_node_constant_float(graph, node, 1, &output->scale));
    MC_REQUIRE(mc_is_scale(output->scale), MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: scale is %g, not a number of 2^-125 or more", node->name,
               (double)output->scale);
    return parse_zero_point(graph, node, output);
}

static const char *const attributes[] = {"axis", NULL};

const mc_operator mc_operator_quantize_linear = {"QuantizeLinear", 2, 3, attributes, infer};
