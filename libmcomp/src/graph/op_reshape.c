#include <stdio.h>

#include "attributes.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

/* The extents that are asked for: 0 copies, -1 (one at most) is found. */
typedef struct reshape_target {
    int64_t extents[MCOMP_MAX_RANK];
    uint32_t rank;
} reshape_target;

static mcomp_status fail_count(const mc_node *node, const mc_value *input,
                               const reshape_target *target)
{
    char shape[128], wanted[128] = "";
    for (uint32_t i = 0, length = 0; i < target->rank && length < sizeof wanted; i++)
        length += (uint32_t)snprintf(wanted + length, sizeof wanted - length, "%s%lld",
                                     i ? ", " : "", (long long)target->extents[i]);
    MC_FAIL(MCOMP_ERR_SHAPE, "node %s: %s %s cannot have the shape [%s]", node->name, input->name,
            mc_shape_format(input->rank, input->shape, shape, sizeof shape), wanted);
}

static mcomp_status parse(const mcomp_graph *graph, const mc_node *node, reshape_target *target)
{
    bool zero_is_zero = false;
    MC_TRY(mc_attribute_bool(node, "allowzero", &zero_is_zero));
    MC_TRY(
        mc_node_constant_integers(graph, node, 1, target->extents, MCOMP_MAX_RANK, &target->rank));
    MC_REQUIRE(target->rank > 0, MCOMP_ERR_SHAPE, "node %s: the shape is empty", node->name);
    /* The batch may be any number, so that no other extent can hold or share it. */
    MC_REQUIRE(target->extents[0] == 0 || target->extents[0] == -1, MCOMP_ERR_UNSUPPORTED,
               "node %s: the first extent of the shape is %lld, must be 0 or -1, for the batch",
               node->name, (long long)target->extents[0]);
    for (uint32_t i = 0; i < target->rank; i++)
        MC_REQUIRE(!zero_is_zero || target->extents[i] != 0, MCOMP_ERR_UNSUPPORTED,
                   "node %s: extent %u of the shape is 0, with allowzero", node->name, i);
    return MCOMP_OK;
}

/* Shapes one image; the product of what is known must be all of it, or divide it where one extent
 * is to be found. */
static mcomp_status infer_extents(const mc_node *node, const mc_value *input,
                                  const reshape_target *target, mc_value *output)
{
    uint64_t count = mc_value_element_count(input), known = 1;
    uint32_t unknown = 0;
    output->rank = target->rank;
    output->shape[0] = MCOMP_BATCH;
    for (uint32_t i = 1; i < target->rank; i++) {
        int64_t extent = target->extents[i];
        if (extent == -1) {
            MC_REQUIRE(unknown == 0 && target->extents[0] != -1, MCOMP_ERR_INVALID_ARGUMENT,
                       "node %s: more than one extent of the shape is -1", node->name);
            unknown = i;
            continue;
        }
        MC_REQUIRE(extent != 0 || i < input->rank, MCOMP_ERR_SHAPE,
                   "node %s: extent %u of the shape is 0, and %s has none to copy", node->name, i,
                   input->name);
        output->shape[i] = extent == 0 ? input->shape[i] : extent;
        if (output->shape[i] < 1 || known > count / (uint64_t)output->shape[i])
            return fail_count(node, input, target);
        known *= (uint64_t)output->shape[i];
    }
    if (unknown == 0)
        return known == count ? MCOMP_OK : fail_count(node, input, target);
    if (count % known != 0)
        return fail_count(node, input, target);
    output->shape[unknown] = (int64_t)(count / known);
    return MCOMP_OK;
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    reshape_target target;
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(parse(graph, node, &target));
    MC_TRY(infer_extents(node, mc_node_input(graph, node, 0), &target, output));
    return mc_node_keep_quantization(graph, node, output);
}

static const char *const attributes[] = {"allowzero", "output_dtype", "output_scale",
                                         "output_zero_point", NULL};

const mc_operator mc_operator_reshape = {"Reshape", 2, 2, attributes, infer};
