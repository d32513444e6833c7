#include "op_binary.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    mc_binary_put_constant_second(graph, node);
    return mc_binary_infer(graph, node, output);
}

static const char *const attributes[] = {"activation_low", "activation_high", NULL};

const mc_operator mc_operator_mul = {"Mul", 2, 2, attributes, infer};
