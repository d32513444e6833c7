/* x * HardSigmoid(x), spelled out of Add 3, Clip to [0, 6], Div 6 (or Mul 1/6) and Mul, is HardSwish;
 * what of it comes before the multiplication by x is HardSigmoid. */
#include "base/status.h"
#include "rebuild.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

static const float slope = 1.0f / 6; /* of ONNX's HardSwish */

/* The operand of a node whose other one is the constant `number`; MCOMP_NO_VALUE for any other.
 * Order says nothing of Add and Mul; a Div's constant is the second. */
static mcomp_value find_operand(const mc_rebuild *rebuild, mcomp_value value, const char *op,
                                float number, bool may_clamp)
{
    const mc_node *node = mc_rebuild_producer(rebuild, value);
    if (!node || !mc_node_is(node, op) || (node->params.activation.clamp && !may_clamp))
        return MCOMP_NO_VALUE;
    float found;
    const mc_value *constant = mc_node_input(rebuild->source, node, 1);
    bool fits = constant->constant && !constant->constant->encoded &&
                constant->constant->element_count == 1 && constant->dtype == MCOMP_DTYPE_F32 &&
                mcomp_tensor_decode(constant->constant, &found, 1) == MCOMP_OK && found == number;
    return fits ? node->inputs[0] : MCOMP_NO_VALUE;
}

static bool is_six(const mc_activation *activation)
{
    return activation->clamp && activation->low == 0 && activation->high == 6;
}

/* x of Clip(x + 3, 0, 6). */
static mcomp_value find_clip(const mc_rebuild *rebuild, mcomp_value value)
{
    const mc_node *node = mc_rebuild_producer(rebuild, value);
    if (!node || !is_six(&node->params.activation))
        return MCOMP_NO_VALUE;
    bool fused = mc_node_is(node, "Add");
    if (!fused && !mc_node_is(node, "Clip"))
        return MCOMP_NO_VALUE;
    return find_operand(rebuild, fused ? value : node->inputs[0], "Add", 3, fused);
}

/* What is divided by 6. */
static mcomp_value find_sixfold(const mc_rebuild *rebuild, mcomp_value value)
{
    mcomp_value divided = find_operand(rebuild, value, "Div", 6, false);
    return divided != MCOMP_NO_VALUE ? divided : find_operand(rebuild, value, "Mul", slope, false);
}

/* x of HardSigmoid(x), as a node or spelled out. */
static mcomp_value find_hard_sigmoid(const mc_rebuild *rebuild, mcomp_value value)
{
    const mc_node *node = mc_rebuild_producer(rebuild, value);
    if (node && mc_node_is(node, "HardSigmoid"))
        return node->params.alpha == slope && node->params.beta == 0.5f ? node->inputs[0]
                                                                        : MCOMP_NO_VALUE;
    mcomp_value sixfold = find_sixfold(rebuild, value);
    return sixfold == MCOMP_NO_VALUE ? sixfold : find_clip(rebuild, sixfold);
}

/* x of x * f(x) or f(x) * x, f as `find` knows it. */
static mcomp_value find_product(const mc_rebuild *rebuild, mcomp_value value,
                                mcomp_value (*find)(const mc_rebuild *, mcomp_value))
{
    const mc_node *node = mc_rebuild_producer(rebuild, value);
    if (!node || !mc_node_is(node, "Mul") || node->params.activation.clamp)
        return MCOMP_NO_VALUE;
    for (int i = 0; i < 2; i++)
        if (find(rebuild, node->inputs[i]) == node->inputs[1 - i])
            return node->inputs[1 - i];
    return MCOMP_NO_VALUE;
}

static mcomp_value find_hard_swish(const mc_rebuild *rebuild, mcomp_value value)
{
    mcomp_value x = find_product(rebuild, value, find_hard_sigmoid);
    if (x != MCOMP_NO_VALUE)
        return x;
    mcomp_value sixfold = find_sixfold(rebuild, value);
    return sixfold == MCOMP_NO_VALUE ? sixfold : find_product(rebuild, sixfold, find_clip);
}

static mcomp_status make_node(mc_rebuild *rebuild, const mc_node *node, bool *named)
{
    const float half = 0.5f;
    const mcomp_attribute attributes[2] = {mc_attribute_of_floats("alpha", &slope, 1),
                                           mc_attribute_of_floats("beta", &half, 1)};
    mcomp_value swish = find_hard_swish(rebuild, node->output);
    mcomp_value sigmoid = find_hard_sigmoid(rebuild, node->output), input;
    *named =
        swish != MCOMP_NO_VALUE || (sigmoid != MCOMP_NO_VALUE && !mc_node_is(node, "HardSigmoid"));
    if (!*named)
        return mc_rebuild_copy(rebuild, node);
    MC_TRY(mc_rebuild_get(rebuild, swish != MCOMP_NO_VALUE ? swish : sigmoid, &input));
    return mcomp_graph_add_node(rebuild->result,
                                swish != MCOMP_NO_VALUE ? "HardSwish" : "HardSigmoid",
                                rebuild->names[node->output], &input, 1, attributes,
                                swish != MCOMP_NO_VALUE ? 0 : 2, &rebuild->map[node->output]);
}

static mcomp_status rewrite(mc_rebuild *rebuild, mcomp_simplify_info *info)
{
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        bool named = false;
        if (rebuild->live[n])
            MC_TRY(make_node(rebuild, &graph->nodes[n], &named));
        info->operators_recognised += named;
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_hard_swish(mcomp_graph *graph, mcomp_simplify_info *info, mcomp_graph **out)
{
    return mc_rebuild_run(graph, rewrite, info, out);
}
