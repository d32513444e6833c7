#include "attributes.h"
#include "base/status.h"
#include "op_binary.h"
#include "tensor/tensor_struct.h"

/* Quantised operands are activations of equal shape. */
static mcomp_status infer_integers(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 1));
    const mc_value *a = mc_node_input(graph, node, 0), *b = mc_node_input(graph, node, 1);
    MC_REQUIRE(b->dtype != MCOMP_DTYPE_F32, MCOMP_ERR_SHAPE, "node %s: %s is %s, %s is %s",
               node->name, a->name, mc_dtype_name(a->dtype), b->name, mc_dtype_name(b->dtype));
    if (!mc_value_same_shape(a, b))
        return mc_binary_fail(graph, node, "quantised operands must have equal shapes");
    output->rank = a->rank;
    for (uint32_t axis = 0; axis < a->rank; axis++)
        output->shape[axis] = a->shape[axis];
    return mc_attribute_activation(node, &node->params.activation);
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    mc_binary_put_constant_second(graph, node);
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_is_quantized(graph, node) ? infer_integers(graph, node, output)
                                             : mc_binary_infer(graph, node, output));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"activation_low", "activation_high",   "output_dtype",
                                         "output_scale",   "output_zero_point", NULL};

const mc_operator mc_operator_add = {"Add", 2, 2, attributes, infer};
