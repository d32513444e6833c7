/* Random graphs of everything that rewrites know, full of Transposes, scales, shifts and padding:
 * simplified, they give the same. */
#include "rewrite_fixture.h"

#define GRAPH_COUNT 400
#define MAX_NODES   24
#define SIDE        4
#define CHANNELS    4

/* All values have rank 4 and axes of 4, in one order or another; so any two of them fit. */
typedef struct random_graph {
    mcomp_graph *graph;
    test_random random;
    mcomp_value values[MAX_NODES + 2];
    size_t count;
} random_graph;

static size_t below(random_graph *made, size_t count)
{
    return test_random_below(&made->random, count);
}

/* More often one of the last. */
static mcomp_value pick(random_graph *made)
{
    size_t back = below(made, 3) ? below(made, 2) : below(made, made->count);
    return made->values[made->count - 1 - (back < made->count ? back : 0)];
}

static mcomp_value add_transpose(random_graph *made, const char *name, mcomp_value x)
{
    static const int64_t perms[6][4] = {{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 2, 3, 1},
                                        {0, 3, 1, 2}, {0, 1, 3, 2}, {0, 2, 1, 3}};
    const mcomp_attribute perm = {.name = "perm",
                                  .type = MCOMP_ATTRIBUTE_INTEGERS,
                                  .count = 4,
                                  .integers = perms[below(made, 6)]};
    return add_node(made->graph, "Transpose", name, INPUTS(x), &perm, 1);
}

/* A constant that fits: of 1 or 4 elements on each axis, not 0. */
static mcomp_value add_operand(random_graph *made, const char *name)
{
    static const int64_t shapes[8][3] = {{1, 1, 4}, {4, 1, 1}, {1, 4, 1}, {1, 1, 1},
                                         {4, 1, 1}, {4, 4, 4}, {1, 1, 4}, {4, 1, 4}};
    char constant[64];
    snprintf(constant, sizeof constant, "%s.c", name);
    mcomp_value value = add_random(made->graph, constant, &made->random, 3, shapes[below(made, 8)]);
    mcomp_tensor *tensor = made->graph->values[value].constant;
    for (size_t i = 0; i < tensor->element_count; i++) {
        float *number = (float *)tensor->data + i;
        *number += *number < 0 ? -0.5f : 0.5f;
    }
    return value;
}

static mcomp_value add_some_binary(random_graph *made, const char *name)
{
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div", "Add", "Mul"};
    const char *op = ops[below(made, 6)];
    mcomp_value x = pick(made);
    bool is_sum = op[0] == 'A', is_quotient = op[0] == 'D';
    /* Products of products would overflow; differences would leave nothing but rounding. */
    if (is_sum && below(made, 3) == 0)
        return add_binary(made->graph, op, name, x, pick(made));
    mcomp_value c = add_operand(made, name);
    return !is_quotient && below(made, 2) ? add_binary(made->graph, op, name, c, x)
                                          : add_binary(made->graph, op, name, x, c);
}

/* A Pad before a window of 3, or a window that pads itself: the shape stays. */
static mcomp_value add_window(random_graph *made, const char *name)
{
    mcomp_graph *graph = made->graph;
    mcomp_value x = pick(made);
    bool pads = below(made, 2);
    if (pads) {
        char pad[64];
        snprintf(pad, sizeof pad, "%s.pad", name);
        x = add_pad(graph, pad, x, 1, 1, 1, 1, below(made, 3) ? 0 : 0.5f);
    }
    int64_t own = !pads;
    const mcomp_attribute attributes[2] = {INTEGERS("pads", own, own, own, own),
                                           INTEGERS("kernel_shape", 3, 3)};
    size_t kind = below(made, 4);
    if (kind == 0)
        return add_node(graph, "MaxPool", name, INPUTS(x), attributes, 2);
    if (kind == 1)
        return add_node(graph, "AveragePool", name, INPUTS(x), attributes, 2);
    char weight[64];
    snprintf(weight, sizeof weight, "%s.w", name);
    int64_t group = below(made, 2) ? 1 : 2;
    mcomp_value w =
        add_random(graph, weight, &made->random, 4, SHAPE(CHANNELS, CHANNELS / group, 3, 3));
    return add_node(graph, "Conv", name, INPUTS(x, w),
                    ATTRIBUTES(attributes[0], INTEGERS("group", group)));
}

/* Two halves of an axis change places. */
static mcomp_value add_shuffle(random_graph *made, const char *name)
{
    char text[3][64];
    mcomp_value halves[2], x = pick(made);
    int64_t axis = 1 + (int64_t)below(made, 3);
    for (int64_t i = 0; i < 2; i++) {
        snprintf(text[0], sizeof text[0], "%s.starts%d", name, (int)i);
        snprintf(text[1], sizeof text[1], "%s.ends%d", name, (int)i);
        snprintf(text[2], sizeof text[2], "%s.axes%d", name, (int)i);
        mcomp_value starts = add_integers(made->graph, text[0], 1, SHAPE(2 * i));
        mcomp_value ends = add_integers(made->graph, text[1], 1, SHAPE(2 * i + 2));
        mcomp_value axes = add_integers(made->graph, text[2], 1, SHAPE(axis));
        snprintf(text[0], sizeof text[0], "%s.half%d", name, (int)i);
        halves[i] =
            add_node(made->graph, "Slice", text[0], INPUTS(x, starts, ends, axes), NO_ATTRIBUTES);
    }
    return add_node(made->graph, "Concat", name, INPUTS(halves[1], halves[0]),
                    ATTRIBUTES(INTEGERS("axis", axis)));
}

static mcomp_value add_mean(random_graph *made, const char *name)
{
    char mean[64];
    snprintf(mean, sizeof mean, "%s.mean", name);
    mcomp_value x = pick(made);
    static const int64_t axes[4][2] = {{2, 3}, {1, 2}, {1, 3}, {3, 1}};
    const int64_t *pair = axes[below(made, 4)];
    mcomp_value m = add_node(made->graph, "ReduceMean", mean, INPUTS(x),
                             ATTRIBUTES(INTEGERS("axes", pair[0], pair[1])));
    return add_binary(made->graph, "Add", name, x, m);
}

/* A number for each index of one axis, as an axis of a map: it moves by a Reshape or a Transpose. */
static mcomp_value add_gate(random_graph *made, const char *name)
{
    static const int64_t axes[3][2] = {{2, 3}, {1, 3}, {1, 2}};
    static const int64_t shapes[3][4] = {{0, 4, 1, 1}, {0, 1, 4, 1}, {0, 1, 1, 4}};
    char text[3][64];
    snprintf(text[0], sizeof text[0], "%s.mean", name);
    snprintf(text[1], sizeof text[1], "%s.moved", name);
    snprintf(text[2], sizeof text[2], "%s.gate", name);
    mcomp_value x = pick(made);
    const int64_t *pair = axes[below(made, 3)];
    mcomp_value gate = add_node(made->graph, "ReduceMean", text[0], INPUTS(x),
                                ATTRIBUTES(INTEGERS("axes", pair[0], pair[1])));
    gate = below(made, 2) ? add_transpose(made, text[1], gate)
                          : add_reshape(made->graph, text[1], gate, 4, shapes[below(made, 3)]);
    return add_binary(made->graph, "Mul", name, x,
                      add_unary(made->graph, "Sigmoid", text[2], gate));
}

static mcomp_value add_any(random_graph *made, const char *name)
{
    static const char *const unary[] = {"Relu", "Sigmoid", "HardSwish", "LeakyRelu", "Identity"};
    mcomp_graph *graph = made->graph;
    switch (below(made, 13)) {
    case 0:
    case 1:
    case 2:
        return add_transpose(made, name, pick(made));
    case 3:
    case 4:
        return add_some_binary(made, name);
    case 5:
    case 6:
        return add_window(made, name);
    case 7:
        return add_batchnorm(graph, name, &made->random, pick(made));
    case 8:
        return add_shuffle(made, name);
    case 9:
        return add_mean(made, name);
    case 10:
        return add_gate(made, name);
    case 11:
        return add_node(graph, "Softmax", name, INPUTS(pick(made)),
                        ATTRIBUTES(INTEGERS("axis", 1 + (int64_t)below(made, 3))));
    default:
        return add_unary(graph, unary[below(made, 5)], name, pick(made));
    }
}

/* Rows that a Gemm reads. */
static mcomp_value add_head(random_graph *made)
{
    static const int64_t shapes[3][4] = {{0, 16, 4}, {0, -1}, {0, 2, 2, 16}};
    static const int64_t ranks[3] = {3, 2, 4};
    mcomp_graph *graph = made->graph;
    mcomp_value flat = pick(made);
    size_t shape = below(made, 4);
    if (shape < 3)
        flat = add_reshape(graph, "rows", flat, ranks[shape], shapes[shape]);
    flat = add_unary(graph, "Flatten", "flat", flat);
    if (below(made, 2))
        flat = add_reshape(graph, "again", flat, 2, SHAPE(0, 64));
    mcomp_value w = add_random(graph, "head.w", &made->random, 2, SHAPE(64, 5));
    return add_binary(graph, "MatMul", "head", flat, w);
}

static void build(random_graph *made)
{
    made->graph = new_graph();
    made->values[0] = add_input(made->graph, "x", CHANNELS, SIDE, SIDE);
    made->count = 1;
    size_t nodes = 1 + below(made, MAX_NODES);
    while (made->count <= nodes) {
        char name[32];
        snprintf(name, sizeof name, "n%zu", made->count);
        mcomp_value value = add_any(made, name);
        made->values[made->count++] = value;
        if (below(made, 10) == 0 && made->graph->output_count < RUN_MAX_TENSORS - 2)
            assert_ok(mcomp_graph_mark_output(made->graph, value));
    }
    if (below(made, 2))
        assert_ok(mcomp_graph_mark_output(made->graph, add_head(made)));
    mark_and_verify(made->graph, made->values[made->count - 1]);
}

/* Each output by itself: a large one hides no error of a small one. */
static void assert_outputs_near(mcomp_graph *before, mcomp_graph *after)
{
    size_t count, count_after, at = 0;
    float *wanted = run_all(before, "ref", 11, &count);
    float *found = run_all(after, "ref", 11, &count_after);
    assert_int_equal(count, count_after);
    for (uint32_t i = 0; i < before->output_count; i++) {
        size_t elements = batch_count(before, before->outputs[i], SIMPLIFY_BATCH);
        assert_near(found + at, wanted + at, elements, SIMPLIFY_NMSE);
        at += elements;
        assert_string_equal(before->values[before->outputs[i]].name,
                            after->values[after->outputs[i]].name);
    }
    free(wanted);
    free(found);
}

static void test_random_graphs(void **state)
{
    (void)state;
    test_random random = test_random_begin("random graphs");
    uint64_t removed = 0;
    for (int i = 0; i < GRAPH_COUNT; i++) {
        random_graph made = {.random = {.state = test_random_bits(&random)}};
        build(&made);
        mcomp_simplify_info info, again_info;
        mcomp_graph *after = simplify(made.graph, &info);
        assert_outputs_near(made.graph, after);
        assert_true(count_ops(after, "Transpose") <= count_ops(made.graph, "Transpose"));
        mcomp_graph *again = simplify(after, &again_info);
        assert_int_equal(again->node_count, after->node_count);
        mcomp_graph *second = simplify(made.graph, &again_info);
        assert_memory_equal(&info, &again_info, sizeof info);
        removed += info.transposes_removed;
        mcomp_graph_destroy(second);
        mcomp_graph_destroy(again);
        mcomp_graph_destroy(after);
        end_graph(made.graph);
    }
    printf("%d graphs, %llu Transposes removed\n", GRAPH_COUNT, (unsigned long long)removed);
    assert_true(removed > GRAPH_COUNT / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
