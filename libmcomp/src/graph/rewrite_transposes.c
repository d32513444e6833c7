#include <string.h>

#include "base/status.h"
#include "rewrite_transposes.h"
#include "rewrites.h"

static mcomp_status allocate(mc_frames *state)
{
    size_t values = state->rebuild.source->value_count, nodes = state->rebuild.source->node_count;
    mc_arena *arena = &state->rebuild.arena;
    state->kinds = mc_arena_alloc(arena, nodes * sizeof *state->kinds);
    state->frames = mc_arena_alloc(arena, nodes * sizeof *state->frames);
    state->forms = mc_arena_alloc(arena, values * sizeof *state->forms);
    state->use_starts = mc_arena_alloc(arena, (values + 1) * sizeof *state->use_starts);
    state->stored = mc_arena_alloc(arena, values * sizeof *state->stored);
    bool all = state->kinds && state->frames && state->forms && state->use_starts && state->stored;
    return all ? MCOMP_OK : mc_fail_memory(values * sizeof *state->forms);
}

/* Kinds of nodes and forms of values. @return Transposes that something depends on */
static uint32_t find_forms(mc_frames *state)
{
    const mcomp_graph *graph = state->rebuild.source;
    uint32_t count = 0;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        bool has_batch = mc_value_has_batch(&graph->values[v]);
        state->forms[v] = (mc_form){.root = has_batch ? (mcomp_value)v : MCOMP_NO_VALUE,
                                    .axes = mc_permutation_identity()};
    }
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const mc_node *node = &graph->nodes[n];
        state->kinds[n] = mc_frame_kind_of(graph, node);
        state->frames[n] = mc_permutation_identity();
        if (state->kinds[n] != MC_FRAME_TRANSPOSE)
            continue;
        mc_permutation perm = mc_frame_transpose(graph, node);
        const mc_form *input = &state->forms[node->inputs[0]];
        const mc_value *root = &graph->values[input->root];
        mc_permutation axes = mc_permutation_then(input->axes, perm);
        axes = mc_permutation_normalize(axes, root->rank, root->shape);
        state->forms[node->output] = (mc_form){.root = input->root, .axes = axes};
        count += state->rebuild.live[n];
    }
    return count;
}

/* Calls for every use in order; `ends` counts, or says where the root's next use goes. */
static void visit_uses(const mc_frames *state, uint32_t *ends, mc_form_use *uses)
{
    const mcomp_graph *graph = state->rebuild.source;
    for (uint32_t n = 0; n <= graph->node_count; n++) {
        bool is_outputs = n == graph->node_count;
        if (!is_outputs && (!state->rebuild.live[n] || state->kinds[n] == MC_FRAME_TRANSPOSE))
            continue;
        const mcomp_value *values = is_outputs ? graph->outputs : graph->nodes[n].inputs;
        uint32_t count = is_outputs ? graph->output_count : graph->nodes[n].input_count;
        for (uint32_t i = 0; i < count; i++) {
            if (values[i] == MCOMP_NO_VALUE || state->forms[values[i]].root == MCOMP_NO_VALUE)
                continue;
            uint32_t place = ends[state->forms[values[i]].root]++;
            if (uses)
                uses[place] =
                    (mc_form_use){.node = is_outputs ? -1 : (int32_t)n, .value = values[i]};
        }
    }
}

static mcomp_status find_uses(mc_frames *state)
{
    uint32_t values = state->rebuild.source->value_count;
    uint32_t *ends = mc_arena_alloc(&state->rebuild.arena, values * sizeof *ends);
    if (!ends)
        return mc_fail_memory(values * sizeof *ends);
    visit_uses(state, ends, NULL);
    uint32_t total = 0;
    for (uint32_t v = 0; v <= values; v++) {
        uint32_t count = v < values ? ends[v] : 0;
        state->use_starts[v] = total;
        if (v < values)
            ends[v] = total;
        total += count;
    }
    state->uses = mc_arena_alloc(&state->rebuild.arena, total * sizeof *state->uses);
    if (!state->uses)
        return mc_fail_memory(total * sizeof *state->uses);
    visit_uses(state, ends, state->uses);
    return MCOMP_OK;
}

/* The name of a form: an output's, else the root's for the form that is made, else a Transpose's
 * that gave it, else a new one. */
static const char *find_name(mc_frames *state, mcomp_value root, mc_permutation axes)
{
    const mcomp_graph *graph = state->rebuild.source;
    const char *transposed = NULL;
    bool root_is_output = false;
    for (uint32_t u = state->use_starts[root]; u < state->use_starts[root + 1]; u++) {
        const mc_form_use *use = &state->uses[u];
        root_is_output = root_is_output || (use->node < 0 && use->value == root);
        if (!mc_permutation_equal(state->forms[use->value].axes, axes))
            continue;
        if (use->node < 0)
            return graph->values[use->value].name;
        if (use->value != root)
            transposed = graph->values[use->value].name;
    }
    bool is_made = mc_permutation_equal(axes, mc_frames_made(state, root));
    if (is_made && !root_is_output)
        return graph->values[root].name;
    return transposed
               ? transposed
               : mc_rebuild_unique_name(&state->rebuild, graph->values[root].name, "_transposed");
}

static mcomp_status store(mc_frames *state, mcomp_value root, mc_permutation axes,
                          mcomp_value value)
{
    mc_stored_form *stored = mc_arena_alloc(&state->rebuild.arena, sizeof *stored);
    if (!stored)
        return mc_fail_memory(sizeof *stored);
    *stored = (mc_stored_form){.axes = axes, .value = value, .next = state->stored[root]};
    state->stored[root] = stored;
    return MCOMP_OK;
}

/* A Transpose of a form that is there; a Reshape, if it holds the elements in that order. */
static mcomp_status make_form(mc_frames *state, mcomp_value root, mc_permutation axes,
                              const mc_stored_form *from, bool is_reshape, mcomp_value *out)
{
    mc_rebuild *rebuild = &state->rebuild;
    const mc_value *value = &rebuild->source->values[root];
    mc_permutation order = mc_permutation_then(mc_permutation_inverse(from->axes), axes);
    int64_t wanted[MCOMP_MAX_RANK], perm[MCOMP_MAX_RANK];
    mc_permutation_shape(axes, value->rank, value->shape, wanted);
    const char *name = find_name(state, root, axes);
    if (!name)
        return mc_fail_memory(1);
    if (is_reshape)
        return mc_rebuild_add_reshape(rebuild, name, from->value, value->rank, wanted, out);
    for (uint32_t axis = 0; axis < value->rank; axis++)
        perm[axis] = order.axes[axis];
    const mcomp_attribute attribute = mc_attribute_of_integers("perm", perm, value->rank);
    return mcomp_graph_add_node(rebuild->result, "Transpose", name, &from->value, 1, &attribute, 1,
                                out);
}

static mcomp_status get_form(mc_frames *state, mcomp_value root, mc_permutation axes,
                             mcomp_value *out)
{
    const mc_value *value = &state->rebuild.source->values[root];
    const mc_stored_form *made = NULL, *same_order = NULL;
    for (const mc_stored_form *stored = state->stored[root]; stored; stored = stored->next) {
        if (mc_permutation_equal(stored->axes, axes)) {
            *out = stored->value;
            return MCOMP_OK;
        }
        if (mc_frames_same_order(value, stored->axes, axes))
            same_order = stored;
        made = stored; /* at last, the first that there was */
    }
    MC_TRY(make_form(state, root, axes, same_order ? same_order : made, same_order != NULL, out));
    return store(state, root, axes, *out);
}

static mcomp_status make_node(mc_frames *state, uint32_t index)
{
    mc_rebuild *rebuild = &state->rebuild;
    const mc_node *node = &rebuild->source->nodes[index];
    /* Room for what a Slice may have left out. */
    size_t nbytes = (node->input_count + 4) * sizeof(mcomp_value);
    mcomp_value *inputs = mc_arena_alloc(&rebuild->arena, nbytes);
    if (!inputs)
        return mc_fail_memory(nbytes);
    for (uint32_t i = 0; i < node->input_count; i++) {
        mcomp_value value = node->inputs[i];
        inputs[i] = value == MCOMP_NO_VALUE ? value : MC_FRAMES_CONSTANT;
        if (value == MCOMP_NO_VALUE || state->forms[value].root == MCOMP_NO_VALUE)
            continue;
        mc_permutation axes = mc_frames_needed(state, value, (int32_t)index);
        MC_TRY(get_form(state, state->forms[value].root, axes, &inputs[i]));
    }
    mc_permutation made = mc_frames_made(state, node->output);
    const char *name = find_name(state, node->output, made);
    if (!name)
        return mc_fail_memory(1);
    MC_TRY(mc_frames_make_node(state, node, name, inputs, &rebuild->map[node->output]));
    return store(state, node->output, made, rebuild->map[node->output]);
}

/* An output is its form; where that is an input, or has another output's name, an Identity of it. */
static mcomp_status make_output(mc_frames *state, mcomp_value output)
{
    mc_rebuild *rebuild = &state->rebuild;
    const char *name = rebuild->source->values[output].name;
    mcomp_value form = rebuild->map[output];
    if (form != MCOMP_NO_VALUE && strcmp(rebuild->result->values[form].name, name) == 0)
        return MCOMP_OK; /* the same output once more, or as it was made */
    MC_TRY(get_form(state, state->forms[output].root, state->forms[output].axes, &form));
    if (strcmp(rebuild->result->values[form].name, name) != 0)
        MC_TRY(mcomp_graph_add_node(rebuild->result, "Identity", name, &form, 1, NULL, 0, &form));
    rebuild->map[output] = form;
    return MCOMP_OK;
}

static uint32_t count_transposes(const mcomp_graph *graph)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++)
        count += mc_frame_kind_of(graph, &graph->nodes[n]) == MC_FRAME_TRANSPOSE;
    return count;
}

/* Every node in its frame. */
static mcomp_status make(mc_frames *state, mcomp_graph **out)
{
    mc_rebuild *rebuild = &state->rebuild;
    const mcomp_graph *graph = rebuild->source;
    for (uint32_t i = 0; i < graph->input_count; i++)
        MC_TRY(store(state, graph->inputs[i], mc_permutation_identity(),
                     rebuild->map[graph->inputs[i]]));
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (rebuild->live[n] && state->kinds[n] != MC_FRAME_TRANSPOSE)
            MC_TRY(make_node(state, n));
    for (uint32_t i = 0; i < graph->output_count; i++)
        MC_TRY(make_output(state, graph->outputs[i]));
    return mc_rebuild_finish(rebuild, out);
}

/* @param[out] changed  there may be more to do now */
static mcomp_status move(mcomp_graph *graph, mcomp_simplify_info *info, bool *changed,
                         mcomp_graph **out)
{
    mc_frames state = {0};
    uint32_t count = 0;
    *changed = false;
    mcomp_status status = mc_rebuild_begin(graph, &state.rebuild);
    if (status == MCOMP_OK)
        status = allocate(&state);
    if (status == MCOMP_OK)
        count = find_forms(&state);
    if (status == MCOMP_OK && count > 0)
        status = find_uses(&state);
    if (status == MCOMP_OK && count > 0)
        status = mc_frames_choose(&state, changed);
    if (status == MCOMP_OK && count > 0)
        status = make(&state, out);
    if (status == MCOMP_OK && count == 0)
        *out = mc_graph_retain(graph);
    if (status == MCOMP_OK && count > 0) {
        uint32_t left = count_transposes(*out);
        *changed = *changed || left < count;
        info->transposes_removed += count - left;
    }
    mc_rebuild_end(&state.rebuild);
    return status;
}

mcomp_status mc_rewrite_move_transposes(mcomp_graph *graph, mcomp_simplify_info *info,
                                        mcomp_graph **out)
{
    mcomp_graph *current = mc_graph_retain(graph);
    mcomp_status status = MCOMP_OK;
    for (bool changed = true; changed && status == MCOMP_OK;) {
        mcomp_graph *next = NULL;
        status = move(current, info, &changed, &next);
        mcomp_graph_destroy(current);
        current = next;
    }
    *out = current;
    return status;
}
