#include <string.h>

#include "base/status.h"
#include "rewrite_transposes.h"

/* Orders of axes with the batch first. */
#define MAX_FORMS 120
/* Nodes are tried one by one only where a root has few uses: the work stays linear. */
#define MAX_USES_ONE_BY_ONE 64
#define MAX_SWEEPS          4

/* What is to become less, and none of it more: Transposes that move elements, those with the
 * Reshapes that move none, and those that are neither of an input nor for an output. */
typedef struct frame_cost {
    uint32_t transposes;
    uint32_t nodes;
    uint32_t inner;
} frame_cost;

typedef struct form_list {
    mc_permutation forms[MAX_FORMS];
    uint32_t count;
} form_list;

/* Nodes that are connected by values, and how the axes of each relate to those of the first: with
 * frames that follow from one another no Transpose stands between them. */
typedef struct frame_group {
    mc_frames *state;
    bool *has_node;           /* by node: it is in a group */
    mc_permutation *relative; /* by node */
    bool *has_root;           /* by value */
    mc_permutation *stored;   /* by root: its form where the first node's frame is the identity */
    uint32_t *nodes;          /* of this group */
    uint32_t node_count;
    mcomp_value *roots;
    uint32_t root_count;
} frame_group;

static bool is_movable(const mc_frames *state, int32_t node)
{
    return node >= 0 && state->kinds[node] != MC_FRAME_FIXED &&
           state->kinds[node] != MC_FRAME_TRANSPOSE;
}

static mc_permutation normalize(const mc_frames *state, mcomp_value root, mc_permutation axes)
{
    const mc_value *value = &state->rebuild.source->values[root];
    return mc_permutation_normalize(axes, value->rank, value->shape);
}

mc_permutation mc_frames_made(const mc_frames *state, mcomp_value root)
{
    int32_t producer = state->rebuild.source->values[root].producer;
    bool has_frame = producer >= 0 && mc_frame_kind_keeps_frame(state->kinds[producer]);
    return has_frame ? normalize(state, root, state->frames[producer]) : mc_permutation_identity();
}

mc_permutation mc_frames_needed(const mc_frames *state, mcomp_value value, int32_t node)
{
    const mc_form *form = &state->forms[value];
    mc_permutation axes =
        node < 0 ? form->axes : mc_permutation_then(form->axes, state->frames[node]);
    return normalize(state, form->root, axes);
}

/* @return its place; a new one where `added` says so */
static uint32_t find_form(form_list *list, mc_permutation form, bool *added)
{
    uint32_t i = 0;
    while (i < list->count && !mc_permutation_equal(list->forms[i], form))
        i++;
    *added = i == list->count && list->count < MAX_FORMS;
    if (*added)
        list->forms[list->count++] = form;
    return i;
}

bool mc_frames_same_order(const mc_value *root, mc_permutation a, mc_permutation b)
{
    int64_t shape[MCOMP_MAX_RANK];
    mc_permutation_shape(a, root->rank, root->shape, shape);
    return mc_permutation_keeps_order(mc_permutation_then(mc_permutation_inverse(a), b), root->rank,
                                      shape);
}

/* The last form of the list becomes a node. */
static void add_form_cost(const mc_value *root, const form_list *list, frame_cost *cost)
{
    bool is_reshape = false;
    mc_permutation form = list->forms[list->count - 1];
    for (uint32_t i = 0; !is_reshape && i + 1 < list->count; i++)
        is_reshape = mc_frames_same_order(root, list->forms[i], form);
    cost->nodes++;
    cost->transposes += !is_reshape;
}

static void add_root_cost(const mc_frames *state, mcomp_value root, frame_cost *cost)
{
    form_list list = {.forms = {mc_frames_made(state, root)}, .count = 1};
    bool is_inner[MAX_FORMS] = {false};
    const mc_value *value = &state->rebuild.source->values[root];
    for (uint32_t u = state->use_starts[root]; u < state->use_starts[root + 1]; u++) {
        bool added;
        uint32_t i = find_form(
            &list, mc_frames_needed(state, state->uses[u].value, state->uses[u].node), &added);
        if (i == 0 || i >= list.count)
            continue;
        if (added)
            add_form_cost(value, &list, cost);
        bool inner = value->producer >= 0 && state->uses[u].node >= 0;
        cost->inner += inner && !is_inner[i];
        is_inner[i] = is_inner[i] || inner;
    }
}

static bool is_less(const frame_cost *a, const frame_cost *b)
{
    if (a->transposes > b->transposes || a->nodes > b->nodes)
        return false;
    return a->transposes < b->transposes || a->nodes < b->nodes || a->inner < b->inner;
}

static void join_node(frame_group *group, int32_t node, mc_permutation relative)
{
    if (!is_movable(group->state, node) || group->has_node[node])
        return;
    group->has_node[node] = true;
    group->relative[node] = relative;
    group->nodes[group->node_count++] = (uint32_t)node;
}

static void join_root(frame_group *group, mcomp_value root, mc_permutation stored)
{
    const mc_frames *state = group->state;
    if (group->has_root[root])
        return;
    group->has_root[root] = true;
    group->stored[root] = stored;
    group->roots[group->root_count++] = root;
    int32_t producer = state->rebuild.source->values[root].producer;
    if (producer >= 0 && mc_frame_kind_keeps_frame(state->kinds[producer]))
        join_node(group, producer, stored);
    for (uint32_t u = state->use_starts[root]; u < state->use_starts[root + 1]; u++) {
        mc_permutation axes = state->forms[state->uses[u].value].axes;
        join_node(group, state->uses[u].node,
                  mc_permutation_then(mc_permutation_inverse(axes), stored));
    }
}

static void build_group(frame_group *group, int32_t first)
{
    const mc_frames *state = group->state;
    const mcomp_graph *graph = state->rebuild.source;
    group->node_count = group->root_count = 0;
    join_node(group, first, mc_permutation_identity());
    for (uint32_t i = 0; i < group->node_count; i++) {
        const mc_node *node = &graph->nodes[group->nodes[i]];
        mc_permutation relative = group->relative[group->nodes[i]];
        for (uint32_t k = 0; k < node->input_count; k++) {
            mcomp_value input = node->inputs[k];
            if (input == MCOMP_NO_VALUE || state->forms[input].root == MCOMP_NO_VALUE)
                continue;
            const mc_form *form = &state->forms[input];
            join_root(group, form->root, mc_permutation_then(form->axes, relative));
        }
        if (mc_frame_kind_keeps_frame(state->kinds[group->nodes[i]]))
            join_root(group, node->output, relative);
    }
}

/* Does a node of that kind refuse some frames? */
static bool is_choosy(mc_frame_kind kind)
{
    return kind == MC_FRAME_CHANNELS || kind == MC_FRAME_WINDOW || kind == MC_FRAME_SQUEEZE ||
           kind == MC_FRAME_RESHAPE;
}

/* Frames of the first node with which something at the group's border needs no Transpose, or a node
 * that refuses frames works as it did. */
static void find_candidates(const frame_group *group, form_list *list)
{
    const mc_frames *state = group->state;
    bool added;
    list->count = 0;
    for (uint32_t i = 0; i < group->node_count; i++)
        if (is_choosy(state->kinds[group->nodes[i]]))
            find_form(list, mc_permutation_inverse(group->relative[group->nodes[i]]), &added);
    for (uint32_t i = 0; i < group->root_count; i++) {
        mcomp_value root = group->roots[i];
        mc_permutation back = mc_permutation_inverse(group->stored[root]);
        int32_t producer = state->rebuild.source->values[root].producer;
        if (producer < 0 || !mc_frame_kind_keeps_frame(state->kinds[producer]))
            find_form(list, back, &added);
        for (uint32_t u = state->use_starts[root]; u < state->use_starts[root + 1]; u++)
            if (!is_movable(state, state->uses[u].node))
                find_form(list, mc_permutation_then(back, state->forms[state->uses[u].value].axes),
                          &added);
    }
}

static void set_frames(frame_group *group, mc_permutation first)
{
    mc_frames *state = group->state;
    for (uint32_t i = 0; i < group->node_count; i++) {
        uint32_t node = group->nodes[i];
        mc_permutation frame = mc_permutation_then(group->relative[node], first);
        bool accepted = mc_frames_accept(state, &state->rebuild.source->nodes[node], frame);
        state->frames[node] = accepted ? frame : mc_permutation_identity();
    }
}

static frame_cost group_cost(const frame_group *group)
{
    frame_cost cost = {0, 0, 0};
    for (uint32_t i = 0; i < group->root_count; i++)
        add_root_cost(group->state, group->roots[i], &cost);
    return cost;
}

static void choose_for_group(frame_group *group)
{
    form_list candidates;
    find_candidates(group, &candidates);
    frame_cost least = group_cost(group);
    int32_t best = -1;
    for (uint32_t i = 0; i < candidates.count; i++) {
        set_frames(group, candidates.forms[i]);
        frame_cost cost = group_cost(group);
        if (is_less(&cost, &least)) {
            least = cost;
            best = (int32_t)i;
        }
    }
    if (best >= 0) {
        set_frames(group, candidates.forms[best]);
        return;
    }
    for (uint32_t i = 0; i < group->node_count; i++)
        group->state->frames[group->nodes[i]] = mc_permutation_identity();
}

/* Roots next to a node, each once; false where there are too many, or uses of one. */
static bool find_roots(const mc_frames *state, const mc_node *node, mcomp_value *roots,
                       uint32_t *count)
{
    *count = 0;
    for (uint32_t k = 0; k <= node->input_count; k++) {
        mcomp_value value = k < node->input_count ? node->inputs[k] : node->output;
        mcomp_value root = value == MCOMP_NO_VALUE ? MCOMP_NO_VALUE : state->forms[value].root;
        bool known = root == MCOMP_NO_VALUE;
        for (uint32_t i = 0; i < *count; i++)
            known = known || roots[i] == root;
        if (known)
            continue;
        uint32_t uses = state->use_starts[root + 1] - state->use_starts[root];
        if (*count == MAX_USES_ONE_BY_ONE || uses > MAX_USES_ONE_BY_ONE)
            return false;
        roots[(*count)++] = root;
    }
    return true;
}

/* Frames with which one of the forms that there are anyway can be read, or made. */
static void find_node_candidates(const mc_frames *state, const mc_node *node, form_list *list)
{
    bool added;
    list->count = 0;
    for (uint32_t k = 0; k <= node->input_count; k++) {
        mcomp_value value = k < node->input_count ? node->inputs[k] : node->output;
        if (value == MCOMP_NO_VALUE || state->forms[value].root == MCOMP_NO_VALUE)
            continue;
        mcomp_value root = state->forms[value].root;
        mc_permutation back = mc_permutation_inverse(state->forms[value].axes);
        find_form(list, mc_permutation_then(back, mc_frames_made(state, root)), &added);
        for (uint32_t u = state->use_starts[root]; u < state->use_starts[root + 1]; u++)
            find_form(list,
                      mc_permutation_then(
                          back, mc_frames_needed(state, state->uses[u].value, state->uses[u].node)),
                      &added);
    }
}

/* @return is there a better frame for the node, all others as they are? It has it then. */
static bool choose_for_node(mc_frames *state, uint32_t index)
{
    const mc_node *node = &state->rebuild.source->nodes[index];
    mcomp_value roots[MAX_USES_ONE_BY_ONE];
    uint32_t root_count;
    if (!find_roots(state, node, roots, &root_count))
        return false;
    form_list candidates;
    find_node_candidates(state, node, &candidates);
    mc_permutation best = state->frames[index];
    frame_cost least = {0, 0, 0};
    for (uint32_t i = 0; i < root_count; i++)
        add_root_cost(state, roots[i], &least);
    bool found = false;
    for (uint32_t i = 0; i < candidates.count; i++) {
        if (!mc_frames_accept(state, node, candidates.forms[i]))
            continue;
        state->frames[index] = candidates.forms[i];
        frame_cost cost = {0, 0, 0};
        for (uint32_t r = 0; r < root_count; r++)
            add_root_cost(state, roots[r], &cost);
        if (is_less(&cost, &least)) {
            least = cost;
            best = candidates.forms[i];
            found = true;
        }
    }
    state->frames[index] = best;
    return found;
}

static mcomp_status allocate(mc_frames *state, frame_group *group)
{
    size_t values = state->rebuild.source->value_count, nodes = state->rebuild.source->node_count;
    mc_arena *arena = &state->rebuild.arena;
    *group = (frame_group){.state = state};
    group->has_node = mc_arena_alloc(arena, nodes * sizeof *group->has_node);
    group->relative = mc_arena_alloc(arena, nodes * sizeof *group->relative);
    group->nodes = mc_arena_alloc(arena, nodes * sizeof *group->nodes);
    group->has_root = mc_arena_alloc(arena, values * sizeof *group->has_root);
    group->stored = mc_arena_alloc(arena, values * sizeof *group->stored);
    group->roots = mc_arena_alloc(arena, values * sizeof *group->roots);
    bool all = group->has_node && group->relative && group->nodes && group->has_root &&
               group->stored && group->roots;
    return all ? MCOMP_OK : mc_fail_memory(values * sizeof *group->stored);
}

mcomp_status mc_frames_choose(mc_frames *state, bool *changed)
{
    const mcomp_graph *graph = state->rebuild.source;
    frame_group group;
    MC_TRY(allocate(state, &group));
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (!state->rebuild.live[n] || !is_movable(state, (int32_t)n) || group.has_node[n])
            continue;
        build_group(&group, (int32_t)n);
        choose_for_group(&group);
    }
    bool again = true;
    for (int sweep = 0; again && sweep < MAX_SWEEPS; sweep++) {
        again = false;
        for (uint32_t n = 0; n < graph->node_count; n++)
            if (state->rebuild.live[n] && is_movable(state, (int32_t)n))
                again = choose_for_node(state, n) || again;
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        *changed = *changed || !mc_permutation_is_identity(state->frames[n]);
    return MCOMP_OK;
}
