#include "op_global_pool.h"

#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

mcomp_status mc_global_pool_infer(const mcomp_graph *graph, const mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(mc_node_check_least_rank(graph, node, 0, 3));
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = input->rank;
    output->shape[0] = MCOMP_BATCH;
    output->shape[1] = input->shape[1];
    for (uint32_t axis = 2; axis < input->rank; axis++)
        output->shape[axis] = 1;
    return MCOMP_OK;
}
