/* Concat of many inputs, in float and between Q/DQ pairs: nothing counts on there being a few. */
#include "run_graph.h"
#include "support/test_random.h"

enum { PARTS = 300, CHANNELS = 3, PIXELS = 4, BATCH = 2, STEPS = 7 };

/* Part i is x itself where i is a multiple of 7, else pixel i mod 4 of x, padded by copies. */
static int64_t source_pixel(int64_t part, int64_t pixel)
{
    return part % STEPS == 0 ? pixel : part % PIXELS;
}

static mcomp_value add_part(mcomp_graph *graph, int64_t part, mcomp_value x)
{
    char name[32];
    int64_t pixel = part % PIXELS;
    if (part % STEPS == 0)
        return x;
    snprintf(name, sizeof name, "start %lld", (long long)part);
    mcomp_value start = add_integers(graph, name, 1, &pixel);
    snprintf(name, sizeof name, "end %lld", (long long)part);
    mcomp_value end = add_integers(graph, name, 1, SHAPE(pixel + 1));
    snprintf(name, sizeof name, "axis %lld", (long long)part);
    mcomp_value axis = add_integers(graph, name, 1, SHAPE(2));
    snprintf(name, sizeof name, "slice %lld", (long long)part);
    mcomp_value slice = add_node(graph, "Slice", name, INPUTS(x, start, end, axis), NO_ATTRIBUTES);
    snprintf(name, sizeof name, "pads %lld", (long long)part);
    mcomp_value pads = add_integers(graph, name, 6, SHAPE(0, 0, 0, 0, 0, PIXELS - 1));
    snprintf(name, sizeof name, "pad %lld", (long long)part);
    return add_node(graph, "Pad", name, INPUTS(slice, pads), ATTRIBUTES(TEXT("mode", "edge")));
}

static mcomp_graph *build(bool quantized)
{
    mcomp_graph *graph = new_graph();
    mcomp_value x, parts[PARTS];
    assert_ok(mcomp_graph_add_input(graph, "x", 3, SHAPE(-1, CHANNELS, PIXELS), &x));
    if (quantized)
        x = add_dequantize(graph, "dq", add_quantize(graph, "q", x, 0.01f, MCOMP_DTYPE_U8, 0));
    for (int64_t part = 0; part < PARTS; part++)
        parts[part] = add_part(graph, part, x);
    mcomp_value y = add_node(graph, "Concat", "y", parts, PARTS, ATTRIBUTES(INTEGERS("axis", 1)));
    assert_shape(graph, y, 3, SHAPE(-1, PARTS * CHANNELS, PIXELS));
    if (quantized)
        y = add_dequantize(graph, "y.dq", add_quantize(graph, "y.q", y, 0.01f, MCOMP_DTYPE_U8, 0));
    mark_and_verify(graph, y);
    return graph;
}

static void check(mcomp_graph *graph, bool quantized)
{
    float x[BATCH][CHANNELS][PIXELS];
    static float y[BATCH][PARTS][CHANNELS][PIXELS];
    test_random random = test_random_begin("concat of many");
    for (size_t i = 0; i < sizeof x / sizeof(float); i++)
        (&x[0][0][0])[i] = quantized ? (float)test_random_below(&random, 256) * 0.01f
                                     : test_random_float(&random, -1, 1);
    static const char *const devices[] = {"ref", "cpu"};
    for (size_t d = 0; d < 2; d++) {
        memset(y, 0xff, sizeof y);
        run_graph(graph, devices[d], BATCH, (const void *[]){x}, (void *[]){y});
        for (int64_t n = 0; n < BATCH; n++)
            for (int64_t part = 0; part < PARTS; part++)
                for (int64_t c = 0; c < CHANNELS; c++)
                    for (int64_t p = 0; p < PIXELS; p++)
                        assert_true(y[n][part][c][p] == x[n][c][source_pixel(part, p)]);
    }
}

static void test_floats(void **state)
{
    (void)state;
    mcomp_graph *graph = build(false);
    check(graph, false);
    end_graph(graph);
}

static void test_integers(void **state)
{
    (void)state;
    mcomp_graph *graph = build(true), *after = NULL;
    mcomp_simplify_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_graph_simplify(graph, &info, &after));
    /* Concat, and a Slice and a Pad for all parts but each seventh. */
    int moved = PARTS - (PARTS + STEPS - 1) / STEPS;
    assert_int_equal(info.quantized_nodes, 1 + 2 * moved);
    check(after, true);
    mcomp_graph_destroy(after);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
