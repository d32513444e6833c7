/* What holds for every integer node on every device: sums are exact up to the deepest, any int32 bias
 * is added exactly, halves go to the even integer, what is not a number becomes the lowest integer, and
 * neither denormals nor the caller's floating-point mode change a result. */
#include <float.h>
#include <math.h>

#include "session/run_graph.h"
#include "support/float_mode.h"

static const char *const devices[] = {"ref", "cpu"};
static const char *const caps[] = {"scalar", "avx2"};

static mcomp_graph *graph_in(const char *cap)
{
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.isa_cap = cap;
    options.threads = 2;
    mcomp_context *context = NULL;
    mcomp_graph *graph = NULL;
    assert_ok(mcomp_context_create(&options, &context));
    assert_ok(mcomp_graph_create(context, cap, &graph));
    mcomp_context_destroy(context);
    return graph;
}

/* One output of a deep sum: every input is `q`, every weight `w`. */
typedef struct deep_sum {
    const char *op;
    int64_t depth;
    uint8_t q; /* zero point 0 */
    int8_t w;  /* zero point 0 */
    int32_t bias;
    float m; /* s_x s_w / s_y */
} deep_sum;

static mcomp_graph *build_deep(const deep_sum *what, const char *cap)
{
    mcomp_graph *graph = graph_in(cap);
    bool conv = strcmp(what->op, "Conv") == 0;
    const int64_t shape[4] = {1, what->depth, 1, 1}, one = 1;
    const float scale = 1;
    int8_t *weights = malloc((size_t)what->depth);
    assert_non_null(weights);
    memset(weights, what->w, (size_t)what->depth);
    mcomp_tensor *tensor = NULL;
    assert_ok(mcomp_tensor_create_quantized(graph->context, MCOMP_DTYPE_S8, conv ? 4 : 2, shape,
                                            weights, &scale, NULL, 1, &tensor));
    free(weights);
    mcomp_value x = add_input(graph, "x", what->depth, conv, conv);
    mcomp_value q = add_quantize(graph, "q", x, 1, MCOMP_DTYPE_U8, 0);
    mcomp_value w = add_tensor(graph, "w", tensor);
    mcomp_value b = add_constant(graph, "b", MCOMP_DTYPE_S32, 1, &one, &what->bias);
    mcomp_attribute attributes[4] = {QUANTIZED("s8", 1 / what->m, 0), INTEGERS("transB", 1)};
    mark_and_verify(graph,
                    add_node(graph, what->op, "y", INPUTS(q, w, b), attributes, conv ? 3 : 4));
    return graph;
}

static void check_deep(const deep_sum *what)
{
    int64_t acc = (int64_t)what->q * what->w * what->depth + what->bias;
    float m = (float)(1.0 / (double)(1 / what->m));
    double real = rint((double)((float)acc * m));
    int8_t wanted = (int8_t)(real < -128 ? -128 : real > 127 ? 127 : real);
    for (int c = 0; c < 2; c++) {
        mcomp_graph *graph = build_deep(what, caps[c]);
        float *input = malloc((size_t)what->depth * sizeof *input);
        assert_non_null(input);
        for (int64_t i = 0; i < what->depth; i++)
            input[i] = what->q;
        for (int d = 0; d < 2; d++) {
            int8_t found = 99;
            const void *inputs[1] = {input};
            void *outputs[1] = {&found};
            run_graph(graph, devices[d], 1, inputs, outputs);
            if (found != wanted)
                fail_msg("%s of depth %d, bias %d, on %s with %s: %d, not %d", what->op,
                         (int)what->depth, what->bias, devices[d], caps[c], found, wanted);
        }
        free(input);
        mcomp_graph_destroy(graph);
    }
}

static void test_deepest_sums(void **state)
{
    (void)state;
    const int64_t most = INT32_MAX / (255 * 255);
    const deep_sum sums[] = {
        {"Conv", most, 255, -128, 0, 0x1p-24f},
        {"Gemm", most, 255, -128, 0, 0x1p-24f},
        {"Conv", most, 255, 127, 1000, 0x1p-24f},
        {"Gemm", most, 255, 127, 1000, 0x1p-24f},
        {"Conv", 1, 1, 1, INT32_MAX, 0x1p-26f},
        {"Gemm", 1, 1, 1, INT32_MAX, 0x1p-26f},
        {"Conv", most, 255, 127, INT32_MAX, 0x1p-27f},
        {"Gemm", most, 255, 127, INT32_MAX, 0x1p-27f},
        {"Conv", most, 255, -128, INT32_MIN, 0x1p-27f},
        {"Gemm", most, 255, -128, INT32_MIN, 0x1p-27f},
    };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        check_deep(&sums[i]);
}

/* Halves of both signs. */
static void test_halves_go_to_even(void **state)
{
    (void)state;
    for (int q = 1; q < 16; q += 2)
        for (int sign = -1; sign <= 1; sign += 2) {
            const deep_sum conv = {"Conv", 1, (uint8_t)q, (int8_t)sign, 0, 0.5f};
            const deep_sum gemm = {"Gemm", 1, (uint8_t)q, (int8_t)sign, 0, 0.5f};
            check_deep(&conv);
            check_deep(&gemm);
        }
}

/* Runs QuantizeLinear with such a scale on such numbers; infinite ones become what is no number. */
static void quantize(float scale, const float *values, size_t count, bool subtracts, uint8_t *found,
                     const char *device, const char *cap)
{
    mcomp_graph *graph = graph_in(cap);
    mcomp_value x = add_input(graph, "x", (int64_t)count, 0, 0), y = x;
    if (subtracts) {
        const float minus = -INFINITY;
        mcomp_value c = add_constant(graph, "c", MCOMP_DTYPE_F32, 0, NULL, &minus);
        y = add_node(graph, "Add", "sum", INPUTS(x, c), NO_ATTRIBUTES);
    }
    mark_and_verify(graph, add_quantize(graph, "y", y, scale, MCOMP_DTYPE_U8, 7));
    const void *inputs[1] = {values};
    void *outputs[1] = {found};
    run_graph(graph, device, 1, inputs, outputs);
    mcomp_graph_destroy(graph);
}

static void test_not_a_number(void **state)
{
    (void)state;
    const float values[3] = {INFINITY, INFINITY, 1};
    for (int d = 0; d < 2; d++) {
        uint8_t found[3] = {99, 99, 99};
        quantize(1, values, 3, true, found, devices[d], NULL); /* infinity - infinity */
        assert_int_equal(found[0], 0);
        assert_int_equal(found[1], 0);
        assert_int_equal(found[2], 0);
        quantize(1, values, 3, false, found, devices[d], NULL);
        assert_int_equal(found[0], 255);
        assert_int_equal(found[2], 8);
    }
}

/* The smallest scale there may be, with denormals, in both of the caller's modes. */
static void test_denormals(void **state)
{
    (void)state;
    const float values[8] = {0x1p-149f, -0x1p-149f, FLT_MIN - 0x1p-149f, 0x1p-149f - FLT_MIN,
                             FLT_MIN,   -FLT_MIN,   1.5f * 0x1p-125f,    0x1p-125f};
    const uint8_t wanted[8] = {7, 7, 7, 7, 7, 7, 9, 8};
    const uint64_t mode = float_mode_get(), flush = mode | FLOAT_MODE_FLUSHES;
    for (int d = 0; d < 2; d++)
        for (int flushes = 0; flushes < 2; flushes++) {
            uint8_t found[8];
            float_mode_set(flushes ? flush : mode);
            quantize(0x1p-125f, values, 8, false, found, devices[d], NULL);
            assert_int_equal(float_mode_get() & FLOAT_MODE_FLUSHES,
                             (flushes ? flush : mode) & FLOAT_MODE_FLUSHES);
            float_mode_set(mode);
            assert_memory_equal(found, wanted, sizeof wanted);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deepest_sums),
        cmocka_unit_test(test_halves_go_to_even),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_denormals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
