#include "attributes.h"
#include "base/status.h"
#include "op_global_pool.h"

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_global_pool_infer(graph, node, output));
    return mc_node_quantize_output(graph, node, output);
}

static const char *const attributes[] = {"output_dtype", "output_scale", "output_zero_point", NULL};

const mc_operator mc_operator_global_average_pool = {"GlobalAveragePool", 1, 1, attributes, infer};
