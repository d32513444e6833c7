#include "op_same_shape.h"

#include "attributes.h"
#include "base/status.h"

mcomp_status mc_same_shape_infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_float(graph, node, 0));
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = input->rank;
    for (uint32_t axis = 0; axis < input->rank; axis++)
        output->shape[axis] = input->shape[axis];
    output->dtype = MCOMP_DTYPE_F32;
    return MCOMP_OK;
}
