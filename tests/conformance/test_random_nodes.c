/* Nodes thrown together at random: every operator with inputs and attributes that mostly, not always,
 * suit it. Each is either refused with its name and a reason, or has a shape of its own and then runs,
 * within its memory, to the same result on `cpu` as on `ref`. How exact results are is the business of
 * test_conformance. */
#define _DEFAULT_SOURCE

#include "operator_case.h"
#include "support/guarded.h"

enum { LEAST_NODES = 600, LEAST_RUNS = 10, MOST_NODES = 200000 }; /* of each operator */
enum { MAX_INPUTS = 5, BATCH = 2, MOST_ELEMENTS = 1 << 16 };

/* What inputs after the first are. */
typedef enum random_kind {
    KIND_ACTIVATION,
    KIND_BROADCAST,
    KIND_LIST,
    KIND_MATRIX,
    KIND_KERNEL,
    KIND_INTEGERS,
    RANDOM_KIND_COUNT
} random_kind;

/* A node under construction. Its inputs resemble each other: they vary about one shape and kind. */
typedef struct random_node {
    test_random *random;
    mcomp_graph *graph;
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
    bool quantized;
    random_kind kind;
    size_t list_count; /* of integers */
} random_node;

static bool chance(test_random *random, size_t percent)
{
    return test_random_below(random, 100) < percent;
}

static int64_t number(test_random *random)
{
    static const int64_t odd[] = {INT64_MIN, INT64_MAX, INT32_MAX, (int64_t)INT32_MAX + 1, -100};
    return chance(random, 4) ? odd[test_random_below(random, 5)]
                             : (int64_t)test_random_below(random, 7) - 2;
}

static mcomp_value add_activation(random_node *node, uint32_t index)
{
    char name[16];
    int64_t shape[MCOMP_MAX_RANK];
    memcpy(shape, node->shape, sizeof shape);
    for (uint32_t axis = 1; axis < node->rank; axis++)
        if (chance(node->random, 15))
            shape[axis] = 1 + (int64_t)test_random_below(node->random, 4);
    mcomp_value x;
    snprintf(name, sizeof name, "x%u", index);
    assert_ok(mcomp_graph_add_input(node->graph, name, node->rank, shape, &x));
    snprintf(name, sizeof name, "q%u", index);
    return node->quantized ? add_quantize(node->graph, name, x, 0.03f, MCOMP_DTYPE_U8, 120) : x;
}

/* The node's shape with some extents 1, and some axes at the front left out. */
static uint32_t make_broadcast(random_node *node, int64_t *shape)
{
    uint32_t rank = node->rank - (uint32_t)test_random_below(node->random, node->rank);
    for (uint32_t axis = 0; axis < rank; axis++) {
        int64_t extent = node->shape[node->rank - rank + axis];
        shape[axis] = extent < 0 || chance(node->random, 40) ? 1 : extent;
    }
    return rank;
}

static uint32_t make_floats_shape(random_node *node, random_kind kind, int64_t *shape)
{
    int64_t channels = node->rank > 1 ? node->shape[1] : 1;
    int64_t last = node->rank > 1 ? node->shape[node->rank - 1] : 1;
    bool other = chance(node->random, 50);
    const int64_t matrix[2] = {other ? 3 : last, other ? last : 3};
    const int64_t kernel[4] = {channels, other ? channels : 1, 2, 1};
    switch (kind) {
    case KIND_LIST:
        shape[0] = channels;
        return 1;
    case KIND_MATRIX:
        memcpy(shape, matrix, sizeof matrix);
        return 2;
    case KIND_KERNEL:
        memcpy(shape, kernel, sizeof kernel);
        return 4;
    default:
        return make_broadcast(node, shape);
    }
}

static mcomp_value add_floats(random_node *node, random_kind kind, const char *name)
{
    int64_t shape[MCOMP_MAX_RANK] = {0};
    uint32_t rank = make_floats_shape(node, kind, shape);
    size_t count = 1;
    for (uint32_t axis = 0; axis < rank; axis++)
        count *= (size_t)shape[axis];
    float *values = case_alloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = test_random_float(node->random, chance(node->random, 5) ? -1 : 0.1f, 1);
    mcomp_value value = add_constant(node->graph, name, MCOMP_DTYPE_F32, rank, shape, values);
    free(values);
    return value;
}

static mcomp_value add_numbers(random_node *node, const char *name)
{
    int64_t values[2 * MCOMP_MAX_RANK];
    for (size_t i = 0; i < node->list_count; i++) {
        bool is_batch = i == 0 || i == node->rank;
        values[i] = chance(node->random, 8)                    ? number(node->random)
                    : chance(node->random, is_batch ? 70 : 30) ? 0
                                                               : 1 + (int64_t)i % 3;
    }
    if (chance(node->random, 20))
        values[node->list_count - 1] = -1;
    return add_integers(node->graph, name, (int64_t)node->list_count, values);
}

static mcomp_value add_random_input(random_node *node, uint32_t index, uint32_t least)
{
    char name[16];
    random_kind kind = index == 0 ? KIND_ACTIVATION : node->kind;
    if (index >= least && chance(node->random, 65))
        return MCOMP_NO_VALUE;
    if (index > 1 && kind == KIND_KERNEL)
        kind = index == 2 ? KIND_LIST : KIND_ACTIVATION; /* bias, residual */
    if (chance(node->random, 5))
        kind = (random_kind)test_random_below(node->random, RANDOM_KIND_COUNT);
    if (kind == KIND_ACTIVATION)
        return add_activation(node, index);
    snprintf(name, sizeof name, "c%u", index);
    return kind == KIND_INTEGERS ? add_numbers(node, name) : add_floats(node, kind, name);
}

static void give_random_text(test_random *random, attribute_list *list, const char *name)
{
    static const char *const words[] = {"constant",   "edge", "reflect",   "SAME_UPPER",
                                        "SAME_LOWER", "u8",   "elsewhere", "VALID"};
    give_text(list, name, words[test_random_below(random, 8)]);
}

/* How many integers an attribute holds where nothing else is said; 0: floats, -1: a text. */
static int usual_count(const random_node *node, const char *name)
{
    static const struct {
        const char *name;
        int count;
    } usual[] = {{"kernel_shape", 2},
                 {"strides", 2},
                 {"dilations", 2},
                 {"pads", 4},
                 {"axes", 2},
                 {"alpha", 0},
                 {"beta", 0},
                 {"bias", 0},
                 {"epsilon", 0},
                 {"activation_low", 0},
                 {"activation_high", 0},
                 {"momentum", 0},
                 {"output_scale", 0},
                 {"output_mean", 0},
                 {"output_deviation", 0},
                 {"mode", -1},
                 {"auto_pad", -1},
                 {"output_dtype", -1}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (strcmp(name, usual[i].name) == 0)
            return usual[i].count;
    return strcmp(name, "perm") == 0 ? (int)node->rank : 1;
}

static void give_random_attribute(random_node *node, attribute_list *list, const char *name)
{
    int64_t values[MCOMP_MAX_RANK];
    bool is_perm = strcmp(name, "perm") == 0;
    int count = usual_count(node, name);
    if (chance(node->random, 3))
        count = (int)test_random_below(node->random, MCOMP_MAX_RANK + 2) - 1;
    for (int i = 0; i < count; i++) {
        values[i] = chance(node->random, 8) ? number(node->random)
                    : is_perm               ? (i == 0 ? 0 : count - i)
                                            : 1 + (int64_t)test_random_below(node->random, 2);
        /* Axes that differ. */
        if (strcmp(name, "axes") == 0 && chance(node->random, 95))
            values[i] = i + 1;
    }
    if (count < 0)
        give_random_text(node->random, list, name);
    else if (count == 0)
        give_float(list, name, test_random_float(node->random, -0.5f, 2));
    else
        give_integers(list, name, (size_t)count, values);
}

/* The three attributes of a quantised output, where the node is likely to need them. */
static bool is_of_output(const char *name)
{
    return strcmp(name, "output_dtype") == 0 || strcmp(name, "output_scale") == 0 ||
           strcmp(name, "output_zero_point") == 0;
}

static void give_random_attributes(random_node *node, const mc_operator *op, attribute_list *list)
{
    static const char *const needed[] = {"axis", "axes", "size", "kernel_shape", "perm"};
    bool quantizes = node->quantized && chance(node->random, 80);
    list->count = 0;
    for (const char *const *name = op->attributes; *name; name++) {
        size_t percent = strncmp(*name, "output", 6) == 0 ? 2 : 15;
        for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
            percent = strcmp(*name, needed[i]) == 0 ? 85 : percent;
        if (is_of_output(*name) ? chance(node->random, 1) : chance(node->random, percent))
            give_random_attribute(node, list, *name);
        else if (is_of_output(*name) && quantizes && strcmp(*name, "output_dtype") == 0)
            give_text(list, *name, "u8");
        else if (is_of_output(*name) && quantizes && strcmp(*name, "output_scale") == 0)
            give_float(list, *name, 0.03f);
        else if (is_of_output(*name) && quantizes)
            give_integer(list, *name, 120);
    }
}

/* @return the node's value, or MCOMP_NO_VALUE where it is refused, with its reason */
static mcomp_value add_random_node(random_node *node, const mc_operator *op)
{
    mcomp_value inputs[MAX_INPUTS], value;
    uint32_t most = op->max_inputs < MAX_INPUTS ? op->max_inputs : MAX_INPUTS;
    uint32_t least = op->min_inputs, count = 0;
    for (; count < most; count++)
        inputs[count] = add_random_input(node, count, least);
    while (count > least && inputs[count - 1] == MCOMP_NO_VALUE)
        count--;
    attribute_list list;
    give_random_attributes(node, op, &list);
    mcomp_status status = mcomp_graph_add_node(node->graph, op->name, "thrown together", inputs,
                                               count, list.items, list.count, &value);
    if (status == MCOMP_OK)
        return value;
    if (status != MCOMP_ERR_INVALID_ARGUMENT && status != MCOMP_ERR_UNSUPPORTED &&
        status != MCOMP_ERR_SHAPE && status != MCOMP_ERR_LIMIT)
        fail_msg("%s is refused with %d: %s", op->name, status, mcomp_last_error());
    assert_message("thrown together");
    return MCOMP_NO_VALUE;
}

static void check_equal(const mc_value *value, const char *op, const void *found,
                        const void *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value->dtype != MCOMP_DTYPE_F32) {
            assert_int_equal(mc_quantized_at(found, value->dtype, i),
                             mc_quantized_at(wanted, value->dtype, i));
            continue;
        }
        double a = (double)((const float *)found)[i], b = (double)((const float *)wanted)[i];
        bool same = isnan(b) ? isnan(a) : a == b || fabs(a - b) <= 1e-4 * fmax(1, fabs(b));
        if (!same)
            fail_msg("%s: element %zu is %g on cpu, %g on ref", op, i, a, b);
    }
}

/* Runs the one node on both devices. @return false where they refuse it */
static bool run_random_node(random_node *node, const char *op, mcomp_value y)
{
    mcomp_graph *graph = node->graph;
    const mc_value *value = &graph->values[y];
    guarded memory[MAX_INPUTS], results[2];
    const void *inputs[MAX_INPUTS];
    static const char *const devices[2] = {"ref", "cpu"};
    mcomp_plan *plan = NULL;
    mcomp_status status = mcomp_plan_create(graph, NULL, &plan);
    mcomp_plan_destroy(plan);
    if (status != MCOMP_OK) {
        assert_status(status, MCOMP_ERR_UNSUPPORTED);
        return false;
    }
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t count = batch_count(graph, graph->inputs[i], BATCH);
        memory[i] = guarded_alloc(count * sizeof(float), GUARDED_END);
        inputs[i] = memory[i].data;
        for (size_t k = 0; k < count; k++)
            ((float *)memory[i].data)[k] = test_random_float(node->random, 0.25f, 2);
    }
    size_t count = batch_count(graph, y, BATCH);
    for (size_t d = 0; d < 2; d++) {
        results[d] = guarded_alloc(count * mc_dtype_nbytes(value->dtype), GUARDED_END);
        run_graph(graph, devices[d], BATCH, inputs, (void *[]){results[d].data});
    }
    check_equal(value, op, results[1].data, results[0].data, count);
    for (uint32_t i = 0; i < graph->input_count; i++)
        guarded_free(&memory[i]);
    guarded_free(&results[0]);
    guarded_free(&results[1]);
    return true;
}

static bool try_node(mcomp_context *context, const mc_operator *op, test_random *random)
{
    static const uint32_t ranks[] = {4, 4, 4, 4, 2, 2, 3, 1, 6};
    random_node node = {.random = random, .rank = ranks[test_random_below(random, 9)]};
    bool runs = false;
    node.shape[0] = MCOMP_BATCH;
    node.quantized = chance(random, 25);
    node.kind = (random_kind)test_random_below(random, RANDOM_KIND_COUNT);
    const size_t lists[] = {1, 2, node.rank, 2 * node.rank};
    node.list_count = lists[test_random_below(random, 4)];
    for (uint32_t axis = 1; axis < node.rank; axis++)
        node.shape[axis] = 1 + (int64_t)test_random_below(random, 4);
    assert_ok(mcomp_graph_create(context, "", &node.graph));
    mcomp_value y = add_random_node(&node, op);
    if (y != MCOMP_NO_VALUE && node.graph->values[y].rank > 0 &&
        node.graph->values[y].shape[0] == MCOMP_BATCH) {
        mark_and_verify(node.graph, y);
        if (mc_value_element_count(&node.graph->values[y]) <= MOST_ELEMENTS)
            runs = run_random_node(&node, op->name, y);
    }
    mcomp_graph_destroy(node.graph);
    return runs;
}

static void test_random_nodes(void **state)
{
    (void)state;
    test_random random = test_random_begin("random nodes");
    mcomp_context *context = NULL;
    assert_ok(mcomp_context_create(NULL, &context));
    for (uint32_t i = 0; mcomp_operator_name(i); i++) {
        const mc_operator *op = mc_operator_find(mcomp_operator_name(i));
        int run_count = 0, count = 0;
        while (count < LEAST_NODES || (run_count < LEAST_RUNS && count < MOST_NODES)) {
            run_count += try_node(context, op, &random);
            count++;
        }
        print_message("%s: %d of %d run\n", op->name, run_count, count);
        assert_true(run_count >= LEAST_RUNS);
    }
    mcomp_context_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_nodes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
