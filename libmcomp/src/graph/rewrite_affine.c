/* What scales and shifts channels goes into the Conv or Gemm before it, also past what moves or
 * averages channels. */
#include <math.h>

#include "affine.h"
#include "base/status.h"
#include "rewrites.h"
#include "tensor/tensor_struct.h"

/* Nodes between an affine and where it goes, one above the other. */
#define MAX_DEPTH         16
#define MAX_CONCAT_INPUTS 1024

/* What goes into a Conv or Gemm. */
typedef struct target {
    mc_affine affine;
    float *mean; /* statistics of the result */
    float *deviation;
    bool has_statistics;
} target;

typedef struct fold_state {
    mc_rebuild rebuild;
    target **targets;  /* by value that a Conv or Gemm makes; NULL: nothing goes in */
    float *pad_values; /* by node: what a Pad fills with, past which an affine went */
    bool *pad_changed;
} fold_state;

static mcomp_status allocate(fold_state *state)
{
    const mcomp_graph *graph = state->rebuild.source;
    mc_arena *arena = &state->rebuild.arena;
    size_t nbytes = graph->value_count * sizeof *state->targets;
    state->targets = mc_arena_alloc(arena, nbytes);
    state->pad_values = mc_arena_alloc(arena, graph->node_count * sizeof *state->pad_values);
    state->pad_changed = mc_arena_alloc(arena, graph->node_count);
    if (!state->targets || !state->pad_values || !state->pad_changed)
        return mc_fail_memory(nbytes);
    for (uint32_t n = 0; n < graph->node_count; n++)
        state->pad_values[n] = graph->nodes[n].params.pad_value;
    return MCOMP_OK;
}

/* A float Conv or Gemm whose result is still what its sums are. A weight that is encoded keeps its
 * encoding: only its bias can change. */
static bool takes(const mcomp_graph *graph, const mc_node *node, const mc_affine *affine)
{
    return mc_node_has_constant_weights(graph, node) && !node->params.activation.clamp &&
           !mc_node_input(graph, node, 3) &&
           (!affine->scales || !mc_node_input(graph, node, 1)->constant->encoded);
}

/* Does padding become one number in all channels? It does by itself where it copies elements. */
static bool maps_padding(const fold_state *state, const mc_node *pad, const mc_affine *affine,
                         float *value)
{
    int32_t index = state->rebuild.source->values[pad->output].producer;
    double before = (double)state->pad_values[index];
    *value = (float)(affine->scale[0] * before + affine->shift[0]);
    if (pad->params.begin[1] != 0 || pad->params.end[1] != 0)
        return false; /* it adds channels */
    if (pad->params.pad_mode != MC_PAD_CONSTANT)
        return true;
    for (size_t c = 0; c < affine->channel_count; c++)
        if ((float)(affine->scale[c] * before + affine->shift[c]) != *value)
            return false;
    return isfinite(*value);
}

/* Is the largest of a window still the largest? */
static bool keeps_order(const mc_affine *affine)
{
    for (size_t c = 0; c < affine->channel_count; c++)
        if (!(affine->scale[c] > 0))
            return false;
    return true;
}

/* Do the weights of each average add up to 1? */
static bool averages_fully(const mc_node *node)
{
    const mc_window *window = &node->params.window;
    int32_t pads = window->pad_top | window->pad_left | window->pad_bottom | window->pad_right;
    return mc_node_is(node, "GlobalAveragePool") || !node->params.count_include_pad ||
           (pads == 0 && !node->params.ceil_mode);
}

/* May the affine stand before the node, instead of after it? */
static bool passes(const fold_state *state, const mc_node *node, const mc_affine *affine)
{
    const mcomp_graph *graph = state->rebuild.source;
    float value;
    if (graph->values[node->output].dtype != MCOMP_DTYPE_F32)
        return false;
    if (mc_node_is(node, "Concat"))
        return node->params.axis == 1 && node->input_count <= MAX_CONCAT_INPUTS;
    if (mc_node_is(node, "Pad"))
        return maps_padding(state, node, affine, &value);
    if (mc_node_is(node, "MaxPool") || mc_node_is(node, "GlobalMaxPool"))
        return keeps_order(affine);
    if (mc_node_is(node, "AveragePool") || mc_node_is(node, "GlobalAveragePool"))
        return averages_fully(node) || !affine->shifts;
    return false;
}

/* Can an affine of a value, which nothing else reads, go into what makes it? */
static bool can_fold(const fold_state *state, mcomp_value value, const mc_affine *affine, int depth)
{
    const mc_rebuild *rebuild = &state->rebuild;
    if (depth > MAX_DEPTH || !mc_rebuild_has_sole_reader(rebuild, value))
        return false;
    const mc_node *node = mc_rebuild_producer(rebuild, mc_rebuild_resolve(rebuild, value));
    if (!node)
        return false;
    if (takes(rebuild->source, node, affine))
        return true;
    if (!passes(state, node, affine))
        return false;
    size_t first = 0;
    for (uint32_t i = 0; i < (mc_node_is(node, "Concat") ? node->input_count : 1); i++) {
        size_t count = (size_t)mc_node_input(rebuild->source, node, i)->shape[1];
        mc_affine part = mc_affine_slice(affine, first, count);
        if (!can_fold(state, node->inputs[i], &part, depth + 1))
            return false;
        first += count;
    }
    return true;
}

/* Starts from the node's own bias and the statistics that it has from an earlier fold. */
static mcomp_status begin_target(fold_state *state, const mc_node *node, target **out)
{
    mc_rebuild *rebuild = &state->rebuild;
    size_t count = (size_t)rebuild->source->values[node->output].shape[1];
    target *made = mc_arena_alloc(&rebuild->arena, sizeof *made);
    if (!made)
        return mc_fail_memory(sizeof *made);
    MC_TRY(mc_affine_create(rebuild, count, &made->affine));
    made->mean = mc_arena_alloc(&rebuild->arena, count * sizeof(float));
    made->deviation = mc_arena_alloc(&rebuild->arena, count * sizeof(float));
    if (!made->mean || !made->deviation)
        return mc_fail_memory(count * sizeof(float));
    const mcomp_attribute *mean = mc_node_attribute(node, "output_mean");
    const mcomp_attribute *deviation = mc_node_attribute(node, "output_deviation");
    made->has_statistics = mean && deviation;
    for (size_t c = 0; made->has_statistics && c < count; c++) {
        made->mean[c] = mean->floats[c];
        made->deviation[c] = deviation->floats[c];
    }
    float *bias = NULL;
    if (mc_node_input(rebuild->source, node, 2))
        MC_TRY(mc_rebuild_decode(rebuild, node, 2, &bias));
    for (size_t c = 0; bias && c < count; c++)
        made->affine.shift[c] = (double)bias[c];
    *out = made;
    return MCOMP_OK;
}

/* BatchNormalization says what its result's statistics are; anything else moves them along. */
static void append_statistics(target *into, const mc_affine *affine, const float *scale,
                              const float *shift)
{
    for (size_t c = 0; c < affine->channel_count; c++) {
        into->mean[c] =
            scale ? shift[c] : (float)((double)into->mean[c] * affine->scale[c] + affine->shift[c]);
        into->deviation[c] =
            scale ? fabsf(scale[c]) : (float)((double)into->deviation[c] * fabs(affine->scale[c]));
    }
    into->has_statistics = into->has_statistics || scale;
}

/* The affine into what makes the value. @param scale,shift  BatchNormalization's, of these channels,
 * where its result is that of the Conv or Gemm; else NULL */
static mcomp_status fold(fold_state *state, mcomp_value value, const mc_affine *affine,
                         const float *scale, const float *shift)
{
    mc_rebuild *rebuild = &state->rebuild;
    const mc_node *node = mc_rebuild_producer(rebuild, mc_rebuild_resolve(rebuild, value));
    if (takes(rebuild->source, node, affine)) {
        target **into = &state->targets[node->output];
        if (!*into)
            MC_TRY(begin_target(state, node, into));
        mc_affine_append(&(*into)->affine, affine, 0);
        append_statistics(*into, affine, scale, shift);
        return MCOMP_OK;
    }
    if (!mc_node_is(node, "Concat")) {
        int32_t index = rebuild->source->values[node->output].producer;
        float padding;
        if (mc_node_is(node, "Pad") && maps_padding(state, node, affine, &padding) &&
            node->params.pad_mode == MC_PAD_CONSTANT) {
            state->pad_changed[index] = true;
            state->pad_values[index] = padding;
        }
        return fold(state, node->inputs[0], affine, NULL, NULL);
    }
    size_t first = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        size_t count = (size_t)mc_node_input(rebuild->source, node, i)->shape[1];
        mc_affine part = mc_affine_slice(affine, first, count);
        MC_TRY(fold(state, node->inputs[i], &part, scale ? scale + first : NULL,
                    shift ? shift + first : NULL));
        first += count;
    }
    return MCOMP_OK;
}

static mcomp_status decide(fold_state *state, mcomp_simplify_info *info)
{
    mc_rebuild *rebuild = &state->rebuild;
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        mc_affine affine;
        bool is_affine = false;
        if (rebuild->live[n])
            MC_TRY(mc_affine_parse(rebuild, node, &affine, &is_affine));
        if (!is_affine || !can_fold(state, affine.operand, &affine, 0) ||
            !mc_rebuild_replace(rebuild, node->output, affine.operand))
            continue;
        float *scale = NULL, *shift = NULL;
        if (affine.is_batchnorm) {
            MC_TRY(mc_rebuild_decode(rebuild, node, 1, &scale));
            MC_TRY(mc_rebuild_decode(rebuild, node, 2, &shift));
        }
        MC_TRY(fold(state, affine.operand, &affine, scale, shift));
        info->batchnorms_folded += affine.is_batchnorm;
        info->affines_folded += !affine.is_batchnorm;
    }
    return MCOMP_OK;
}

/* The weight times its channel's scale, rounded once. */
static mcomp_status scale_weight(mc_rebuild *rebuild, const mc_node *node, const mc_affine *affine,
                                 mcomp_tensor **out)
{
    const mc_value *weight = mc_node_input(rebuild->source, node, 1);
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, weight->rank,
                               weight->shape, NULL, out));
    size_t count = (*out)->element_count;
    float *values = (*out)->data;
    MC_TRY(mcomp_tensor_decode(weight->constant, values, count));
    size_t inner = mc_node_weight_is_inputs_first(node) ? 1 : count / affine->channel_count;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((double)values[i] * affine->scale[i / inner % affine->channel_count]);
    return MCOMP_OK;
}

static mcomp_status make_weight(mc_rebuild *rebuild, const mc_node *node, const mc_affine *affine,
                                mcomp_value *out)
{
    if (!affine->scales)
        return mc_rebuild_get(rebuild, node->inputs[1], out);
    mcomp_tensor *tensor = NULL;
    mcomp_status status = scale_weight(rebuild, node, affine, &tensor);
    if (status != MCOMP_OK) {
        mcomp_tensor_release(tensor);
        return status;
    }
    return mc_rebuild_add_replacement(rebuild, node, 1, tensor, out);
}

static mcomp_status make_bias(mc_rebuild *rebuild, const mc_node *node, const mc_affine *affine,
                              mcomp_value *out)
{
    mcomp_tensor *tensor = NULL;
    const int64_t shape[1] = {(int64_t)affine->channel_count};
    MC_TRY(mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, 1, shape, NULL, &tensor));
    for (size_t c = 0; c < affine->channel_count; c++)
        ((float *)tensor->data)[c] = (float)affine->shift[c];
    return mc_rebuild_add_replacement(rebuild, node, 2, tensor, out);
}

static mcomp_status make_target(mc_rebuild *rebuild, const mc_node *node, const target *into)
{
    mcomp_value inputs[3];
    size_t count = into->affine.channel_count;
    MC_TRY(mc_rebuild_get(rebuild, node->inputs[0], &inputs[0]));
    MC_TRY(make_weight(rebuild, node, &into->affine, &inputs[1]));
    MC_TRY(make_bias(rebuild, node, &into->affine, &inputs[2]));
    const mcomp_attribute changes[2] = {
        mc_attribute_of_floats("output_mean", into->mean, count),
        mc_attribute_of_floats("output_deviation", into->deviation, count)};
    return mc_rebuild_add_node(rebuild, node, rebuild->names[node->output], inputs, 3, changes,
                               into->has_statistics ? 2 : 0, &rebuild->map[node->output]);
}

static mcomp_status make_pad(mc_rebuild *rebuild, const mc_node *node, float padding)
{
    mcomp_value inputs[4] = {MCOMP_NO_VALUE, MCOMP_NO_VALUE, MCOMP_NO_VALUE, MCOMP_NO_VALUE};
    mcomp_tensor *tensor = NULL;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (i != 2)
            MC_TRY(mc_rebuild_get(rebuild, node->inputs[i], &inputs[i]));
    const char *name = mc_rebuild_unique_name(rebuild, node->name, "_value");
    if (!name)
        return mc_fail_memory(1);
    MC_TRY(
        mcomp_tensor_create(rebuild->source->context, MCOMP_DTYPE_F32, 0, NULL, &padding, &tensor));
    MC_TRY(mc_rebuild_add_constant(rebuild, name, tensor, &inputs[2]));
    return mc_rebuild_add_node(rebuild, node, rebuild->names[node->output], inputs, 4, NULL, 0,
                               &rebuild->map[node->output]);
}

static mcomp_status make(fold_state *state)
{
    mc_rebuild *rebuild = &state->rebuild;
    for (uint32_t n = 0; n < rebuild->source->node_count; n++) {
        const mc_node *node = &rebuild->source->nodes[n];
        if (!rebuild->live[n] || rebuild->alias[node->output] != MCOMP_NO_VALUE)
            continue;
        if (state->targets[node->output])
            MC_TRY(make_target(rebuild, node, state->targets[node->output]));
        else if (state->pad_changed[n])
            MC_TRY(make_pad(rebuild, node, state->pad_values[n]));
        else
            MC_TRY(mc_rebuild_copy(rebuild, node));
    }
    return MCOMP_OK;
}

mcomp_status mc_rewrite_fold_affine(mcomp_graph *graph, mcomp_simplify_info *info,
                                    mcomp_graph **out)
{
    fold_state state = {0};
    mcomp_status status = mc_rebuild_begin(graph, &state.rebuild);
    if (status == MCOMP_OK)
        status = allocate(&state);
    if (status == MCOMP_OK)
        status = decide(&state, info);
    if (status == MCOMP_OK)
        status = make(&state);
    if (status == MCOMP_OK)
        status = mc_rebuild_finish(&state.rebuild, out);
    mc_rebuild_end(&state.rebuild);
    return status;
}
