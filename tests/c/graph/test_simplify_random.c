/* Random networks of all float operators, with shared values and outputs in the middle: simplifying
 * changes no result, on either device, and doing it again finds nothing more to do. */
#include "simplify_fixture.h"

enum { GRAPH_COUNT = 150, MAX_NODES = 24, SIDE = 5 };

typedef struct random_graph {
    mcomp_graph *graph;
    test_random random;
    mcomp_value values[MAX_NODES + 1]; /* of four axes, SIDE x SIDE */
    size_t count;
} random_graph;

static mcomp_value pick(random_graph *made)
{
    /* Mostly one of the last: chains are what rewrites look for. */
    size_t recent = made->count < 3 ? made->count : 3;
    size_t back = test_random_below(&made->random, 4)
                      ? test_random_below(&made->random, recent)
                      : test_random_below(&made->random, made->count);
    return made->values[made->count - 1 - back];
}

static int64_t channels_of(const random_graph *made, mcomp_value value)
{
    return made->graph->values[value].shape[1];
}

static mcomp_value add_random_constant(random_graph *made, const char *name, mcomp_value x)
{
    char constant[64];
    snprintf(constant, sizeof constant, "%s.c", name);
    const int64_t channels = channels_of(made, x);
    switch (test_random_below(&made->random, 3)) {
    case 0:
        return add_random(made->graph, constant, &made->random, 3, SHAPE(channels, 1, 1));
    case 1:
        return add_random(made->graph, constant, &made->random, 1, SHAPE(SIDE));
    default:
        return add_random(made->graph, constant, &made->random, 0, NULL);
    }
}

/* Add of two values of one shape, else of a constant. */
static mcomp_value add_sum(random_graph *made, const char *name)
{
    mcomp_value a = pick(made), b = pick(made);
    if (channels_of(made, a) != channels_of(made, b))
        b = add_random_constant(made, name, a);
    return add_node(made->graph, "Add", name, INPUTS(a, b), NO_ATTRIBUTES);
}

static mcomp_value add_clip(random_graph *made, const char *name)
{
    char low[64], high[64];
    snprintf(low, sizeof low, "%s.low", name);
    snprintf(high, sizeof high, "%s.high", name);
    mcomp_value l = test_random_below(&made->random, 3)
                        ? add_scalar(made->graph, low, test_random_float(&made->random, -1, 0.5f))
                        : MCOMP_NO_VALUE;
    mcomp_value h = add_scalar(made->graph, high, test_random_float(&made->random, 0, 2));
    return add_node(made->graph, "Clip", name, INPUTS(pick(made), l, h), NO_ATTRIBUTES);
}

static mcomp_value add_pad(random_graph *made, const char *name)
{
    char pads[64];
    snprintf(pads, sizeof pads, "%s.pads", name);
    int64_t channels = (int64_t)test_random_below(&made->random, 2);
    mcomp_value p = add_integers(made->graph, pads, 8, SHAPE(0, channels, 0, 0, 0, 0, 0, 0));
    return add_node(made->graph, "Pad", name, INPUTS(pick(made), p), NO_ATTRIBUTES);
}

static mcomp_value add_any(random_graph *made, const char *name)
{
    mcomp_graph *graph = made->graph;
    mcomp_value x = pick(made);
    bool has_bias = test_random_below(&made->random, 2);
    int64_t kernel = test_random_below(&made->random, 2) ? 1 : 3;
    switch (test_random_below(&made->random, 11)) {
    case 0:
    case 1:
        return add_conv(graph, name, &made->random, x,
                        2 + (int64_t)test_random_below(&made->random, 3), kernel, 1, has_bias);
    case 2:
        return add_conv(graph, name, &made->random, x, channels_of(made, x), kernel,
                        channels_of(made, x), has_bias);
    case 3:
        return add_batchnorm(graph, name, &made->random, x);
    case 4:
        return add_node(graph, "Relu", name, INPUTS(x), NO_ATTRIBUTES);
    case 5:
        return add_clip(made, name);
    case 6:
    case 7:
        return add_sum(made, name);
    case 8:
        return add_node(graph, "Identity", name, INPUTS(x), NO_ATTRIBUTES);
    case 9:
        return add_pad(made, name);
    default:
        return add_node(graph, "Softmax", name, INPUTS(x), ATTRIBUTES(INTEGERS("axis", 1)));
    }
}

static void build_random(random_graph *made)
{
    size_t nodes = 1 + test_random_below(&made->random, MAX_NODES);
    made->graph = new_graph();
    made->values[0] = add_input(made->graph, "x", 3, SIDE, SIDE);
    made->count = 1;
    while (made->count <= nodes) {
        char name[32];
        snprintf(name, sizeof name, "n%zu", made->count);
        mcomp_value value = add_any(made, name);
        made->values[made->count++] = value;
        if (test_random_below(&made->random, 9) == 0 &&
            made->graph->output_count < RUN_MAX_TENSORS - 1)
            assert_ok(mcomp_graph_mark_output(made->graph, value));
    }
    mark_and_verify(made->graph, made->values[made->count - 1]);
}

static void test_random_graphs(void **state)
{
    (void)state;
    test_random random = test_random_begin("random graphs");
    for (int i = 0; i < GRAPH_COUNT; i++) {
        random_graph made = {.random = {.state = test_random_bits(&random)}};
        build_random(&made);
        mcomp_simplify_info info;
        mcomp_graph *after = simplify_checked(made.graph, &info);
        size_t count;
        float *wanted = run_all(made.graph, "ref", 3, &count);
        float *found = run_all(after, "cpu", 3, &count);
        assert_near(found, wanted, count, SIMPLIFY_NMSE);
        mcomp_graph *again = simplify_checked(after, &info);
        assert_int_equal(info.nodes_before, info.nodes_after);
        mcomp_graph_destroy(again);
        mcomp_graph_destroy(after);
        free(wanted);
        free(found);
        end_graph(made.graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
