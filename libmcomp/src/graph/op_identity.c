#include "attributes.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    output->rank = input->rank;
    for (uint32_t axis = 0; axis < input->rank; axis++)
        output->shape[axis] = input->shape[axis];
    output->dtype = input->dtype;
    output->scale = input->scale;
    output->zero_point = input->zero_point;
    return MCOMP_OK;
}

static const char *const attributes[] = {NULL};

const mc_operator mc_operator_identity = {"Identity", 1, 1, attributes, infer};
