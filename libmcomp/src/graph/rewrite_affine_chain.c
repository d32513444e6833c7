/* Two nodes that scale and shift channels, one after the other, become one; one that changes nothing
 * goes. */
#include "affine.h"
#include "base/status.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

/* The affine that a node becomes, with the ones above it that only it reads. */
typedef struct chain {
    mc_affine affine;
    uint32_t length; /* nodes; 0: the node is no affine */
} chain;

static mcomp_status find_chains(mc_rebuild *rebuild, chain *chains, bool *gone)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        bool is_affine = false;
        if (rebuild->live[n])
            MC_TRY(mc_affine_parse(rebuild, &graph->nodes[n], &chains[n].affine, &is_affine));
        if (!is_affine)
            continue;
        mc_affine *affine = &chains[n].affine;
        chains[n].length = 1;
        int32_t above = graph->values[affine->operand].producer;
        if (above < 0 || chains[above].length == 0 ||
            !mc_rebuild_has_sole_reader(rebuild, affine->operand))
            continue;
        mc_affine first = chains[above].affine;
        mc_affine_append(&first, affine, 0);
        first.is_batchnorm = first.is_batchnorm || affine->is_batchnorm;
        *affine = first;
        chains[n].length = chains[above].length + 1;
        gone[above] = true;
    }
    return MCOMP_OK;
}

/* A constant of one number a channel, for an operand of that rank; of one where all are equal. */
static mcomp_status add_numbers(mc_rebuild *rebuild, const mc_node *node, const char *suffix,
                                const double *numbers, uint32_t rank, bool may_be_one,
                                mcomp_value *out)
{
    const mc_value *value = &rebuild->source->values[node->output];
    int64_t shape[MCOMP_MAX_RANK] = {value->shape[1]};
    bool is_one = may_be_one;
    for (int64_t c = 0; c < value->shape[1]; c++)
        is_one = is_one && numbers[c] == numbers[0];
    for (uint32_t axis = 1; axis < rank; axis++)
        shape[axis] = 1;
    mcomp_tensor *tensor = NULL;
    const char *name = mc_rebuild_unique_name(rebuild, node->name, suffix);
    if (!name)
        return mc_fail_memory(1);
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, is_one ? 0 : rank, shape,
                               NULL, &tensor));
    for (size_t c = 0; c < tensor->element_count; c++)
        ((float *)tensor->data)[c] = (float)numbers[c];
    return mc_rebuild_add_constant(rebuild, name, tensor, out);
}

/* One Mul, or one Add. */
static mcomp_status make_binary(mc_rebuild *rebuild, const mc_node *node, const mc_affine *affine)
{
    mcomp_value inputs[2];
    uint32_t rank = rebuild->source->values[node->output].rank - 1;
    MC_TRY(mc_rebuild_get(rebuild, affine->operand, &inputs[0]));
    MC_TRY(affine->scales
               ? add_numbers(rebuild, node, "_scale", affine->scale, rank, true, &inputs[1])
               : add_numbers(rebuild, node, "_shift", affine->shift, rank, true, &inputs[1]));
    return mcomp_graph_add_node(rebuild->result, affine->scales ? "Mul" : "Add",
                                rebuild->names[node->output], inputs, 2, NULL, 0,
                                &rebuild->map[node->output]);
}

/* Scale and shift are BatchNormalization's, of mean 0 and variance 1. */
static mcomp_status make_batchnorm(mc_rebuild *rebuild, const mc_node *node,
                                   const mc_affine *affine)
{
    mcomp_value inputs[5];
    mc_affine unit;
    const float epsilon = 0;
    MC_TRY(mc_affine_create(rebuild, affine->channel_count, &unit));
    MC_TRY(mc_rebuild_get(rebuild, affine->operand, &inputs[0]));
    MC_TRY(add_numbers(rebuild, node, "_scale", affine->scale, 1, false, &inputs[1]));
    MC_TRY(add_numbers(rebuild, node, "_shift", affine->shift, 1, false, &inputs[2]));
    MC_TRY(add_numbers(rebuild, node, "_mean", unit.shift, 1, false, &inputs[3]));
    MC_TRY(add_numbers(rebuild, node, "_variance", unit.scale, 1, false, &inputs[4]));
    const mcomp_attribute attribute = mc_attribute_of_floats("epsilon", &epsilon, 1);
    return mcomp_graph_add_node(rebuild->result, "BatchNormalization", rebuild->names[node->output],
                                inputs, 5, &attribute, 1, &rebuild->map[node->output]);
}

/* Those that change nothing go, before any node is made: names move with them. */
static void drop_no_ops(mc_rebuild *rebuild, const chain *chains, const bool *gone,
                        mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_affine *affine = &chains[n].affine;
        if (!gone[n] && chains[n].length > 0 && !affine->scales && !affine->shifts &&
            mc_rebuild_replace(rebuild, graph->nodes[n].output, affine->operand))
            info->no_ops_removed++;
    }
}

static mcomp_status make_node(mc_rebuild *rebuild, const mc_node *node, const chain *made,
                              mcomp_simplify_info *info)
{
    const mc_affine *affine = &made->affine;
    if (made->length < 2)
        return mc_rebuild_copy(rebuild, node);
    info->affines_folded += made->length - 1;
    return affine->scales && affine->shifts ? make_batchnorm(rebuild, node, affine)
                                            : make_binary(rebuild, node, affine);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    size_t nbytes = graph->node_count * sizeof(chain);
    chain *chains = mc_arena_alloc(&rebuild->arena, nbytes);
    bool *gone = mc_arena_alloc(&rebuild->arena, graph->node_count);
    if (!chains || !gone)
        return mc_fail_memory(nbytes);
    MC_TRY(find_chains(rebuild, chains, gone));
    drop_no_ops(rebuild, chains, gone, info);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        if (rebuild->live[n] && !gone[n] && rebuild->alias[node->output] == MCOMP_NO_VALUE)
            MC_TRY(make_node(rebuild, node, &chains[n], info));
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_join_affines(mcomp_graph *graph, mcomp_simplify_info *info,
                                     mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
