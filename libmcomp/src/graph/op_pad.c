#include <math.h>
#include <string.h>

#include "attributes.h"
#include "base/status.h"

/* Axes that the pads are for: all, or those of input 3. */
static mcomp_status parse_axes(const mcomp_graph *graph, const mc_node *node, uint32_t rank,
                               int64_t *axes, uint32_t *count)
{
    if (mc_node_input(graph, node, 3))
        return mc_node_constant_integers(graph, node, 3, axes, MCOMP_MAX_RANK, count);
    *count = rank;
    for (uint32_t i = 0; i < rank; i++)
        axes[i] = i;
    return MCOMP_OK;
}

static mcomp_status pad_axis(const mc_node *node, int64_t before, int64_t after, uint32_t axis,
                             int64_t *extent)
{
    MC_REQUIRE(before >= 0 && after >= 0, MCOMP_ERR_UNSUPPORTED,
               "node %s: padding [%lld, %lld] is negative", node->name, (long long)before,
               (long long)after);
    MC_REQUIRE(before <= INT32_MAX && after <= INT32_MAX, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: padding [%lld, %lld] is above 2^31 - 1", node->name, (long long)before,
               (long long)after);
    MC_REQUIRE(axis != 0 || (before == 0 && after == 0), MCOMP_ERR_UNSUPPORTED,
               "node %s: pads the batch", node->name);
    if (axis == 0)
        return MCOMP_OK;
    MC_REQUIRE(node->params.pad_mode != MC_PAD_REFLECT || (before < *extent && after < *extent),
               MCOMP_ERR_UNSUPPORTED,
               "node %s: reflects [%lld, %lld] elements of axis %u, which has %lld", node->name,
               (long long)before, (long long)after, axis, (long long)*extent);
    *extent += before + after;
    MC_REQUIRE(*extent <= INT32_MAX, MCOMP_ERR_LIMIT, "node %s: output extent above 2^31 - 1",
               node->name);
    return MCOMP_OK;
}

static mcomp_status infer_shape(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    int64_t pads[2 * MCOMP_MAX_RANK], axes[MCOMP_MAX_RANK];
    uint32_t pad_count, axis_count;
    bool seen[MCOMP_MAX_RANK] = {false};
    MC_TRY(mc_node_constant_integers(graph, node, 1, pads, 2 * MCOMP_MAX_RANK, &pad_count));
    MC_TRY(parse_axes(graph, node, input->rank, axes, &axis_count));
    MC_REQUIRE(pad_count == 2 * axis_count, MCOMP_ERR_SHAPE, "node %s: %u pads for %u axes",
               node->name, pad_count, axis_count);
    output->rank = input->rank;
    memcpy(output->shape, input->shape, sizeof output->shape);
    for (uint32_t i = 0; i < axis_count; i++) {
        uint32_t axis = 0;
        MC_TRY(mc_node_axis(node, input->rank, axes[i], seen, &axis));
        MC_TRY(pad_axis(node, pads[i], pads[i + axis_count], axis, &output->shape[axis]));
        node->params.begin[axis] = pads[i];
        node->params.end[axis] = pads[i + axis_count];
    }
    return MCOMP_OK;
}

static mcomp_status parse_mode(const mc_node *node, mc_pad_mode *mode)
{
    static const char *const words[] = {"constant", "edge", "reflect"};
    const char *text = words[MC_PAD_CONSTANT];
    MC_TRY(mc_attribute_text(node, "mode", &text));
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, words[i]) == 0) {
            *mode = (mc_pad_mode)i;
            return MCOMP_OK;
        }
    }
    MC_FAIL(MCOMP_ERR_UNSUPPORTED, "node %s: mode is %s, not constant, edge or reflect", node->name,
            text);
}

static mcomp_status infer(const mcomp_graph *graph, mc_node *node, mc_value *output)
{
    MC_TRY(mc_node_check_activation(graph, node, 0));
    MC_TRY(parse_mode(node, &node->params.pad_mode));
    MC_TRY(infer_shape(graph, node, output));
    float fill = 0.0F;
    if (mc_node_input(graph, node, 2))
        MC_TRY(mc_node_constant_float(graph, node, 2, &fill));
    /* Of no meaning in the other modes, but a number. */
    if (node->params.pad_mode == MC_PAD_CONSTANT)
        node->params.pad_value = fill;
    MC_TRY(mc_node_keep_quantization(graph, node, output));
    MC_REQUIRE(output->dtype == MCOMP_DTYPE_F32 || isfinite(node->params.pad_value),
               MCOMP_ERR_UNSUPPORTED, "node %s: pads integers with an infinite value", node->name);
    return MCOMP_OK;
}

static const char *const attributes[] = {"mode", "output_dtype", "output_scale",
                                         "output_zero_point", NULL};

const mc_operator mc_operator_pad = {"Pad", 2, 4, attributes, infer};
