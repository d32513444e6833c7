/* The constant matrix of a MatMul is a weight as a Gemm's is: recipes turn, touch and report it, files
 * keep it, devices run it. Constants of more axes, and matrices that are activations, are none. */
#define _DEFAULT_SOURCE

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "mcomp/compress.h"
#include "mcomp/package.h"
#include "session/run_graph.h"
#include "support/test_random.h"

enum { ROWS = 3, DEPTH = 10, OUTPUTS = 6, BATCH = 2 };

/* x [N, 3, 10] times w [10, 6], then times c [1, 6, 2]. */
static mcomp_graph *make_network(test_random *random)
{
    float w[DEPTH * OUTPUTS], c[OUTPUTS * 2];
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = test_random_float(random, -1, 1);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        c[i] = test_random_float(random, -1, 1);
    mcomp_graph *graph = new_graph();
    mcomp_value x;
    assert_ok(mcomp_graph_add_input(graph, "x", 3, SHAPE(-1, ROWS, DEPTH), &x));
    mcomp_value first = add_constant(graph, "w", MCOMP_DTYPE_F32, 2, SHAPE(DEPTH, OUTPUTS), w);
    mcomp_value second = add_constant(graph, "c", MCOMP_DTYPE_F32, 3, SHAPE(1, OUTPUTS, 2), c);
    mcomp_value y = add_node(graph, "MatMul", "first", INPUTS(x, first), NO_ATTRIBUTES);
    assert_ok(mcomp_graph_mark_output(graph, y));
    mark_and_verify(graph, add_node(graph, "MatMul", "second", INPUTS(y, second), NO_ATTRIBUTES));
    return graph;
}

static mcomp_graph *compressed(mcomp_graph *graph, const char *text)
{
    mcomp_recipe *recipe = NULL;
    mcomp_graph *result = NULL;
    assert_ok(mcomp_recipe_create(graph->context, text, &recipe));
    assert_ok(mcomp_compress(graph, recipe, NULL, &result));
    mcomp_recipe_destroy(recipe);
    return result;
}

static const mc_value *value_of(const mcomp_graph *graph, const char *name)
{
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (strcmp(graph->values[v].name, name) == 0)
            return &graph->values[v];
    fail_msg("no value is called %s", name);
    return NULL;
}

static void test_counts(void **state)
{
    (void)state;
    test_random random = test_random_begin("counts of a MatMul");
    mcomp_graph *graph = make_network(&random);
    mcomp_graph_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_graph_get_info(graph, &info));
    assert_int_equal(info.parameters, DEPTH * OUTPUTS);
    assert_int_equal(info.float_nbytes, 4 * DEPTH * OUTPUTS);
    assert_int_equal(info.macs, ROWS * DEPTH * OUTPUTS + ROWS * OUTPUTS * 2);
    end_graph(graph);
}

static void test_recipe(void **state)
{
    (void)state;
    test_random random = test_random_begin("recipe for a MatMul");
    mcomp_graph *graph = make_network(&random);
    mcomp_graph *result =
        compressed(graph, "prune.magnitude sparsity=0.5; quantize.weights bits=8");
    /* Outputs first, a scale for each of them; the constant of three axes is as it was. */
    const mc_value *weight = value_of(result, "w"), *other = value_of(result, "c");
    assert_int_equal(weight->shape[0], OUTPUTS);
    assert_int_equal(weight->shape[1], DEPTH);
    assert_int_equal(weight->constant->encoding.numeric, MCOMP_NUMERIC_UNIFORM);
    assert_true(weight->constant->encoding.per_channel);
    assert_false(other->constant->encoded);
    assert_true(result->nodes[0].params.transpose_b);
    float values[DEPTH * OUTPUTS];
    size_t zeros = 0;
    assert_ok(mcomp_tensor_decode(weight->constant, values, DEPTH * OUTPUTS));
    for (size_t i = 0; i < DEPTH * OUTPUTS; i++)
        zeros += values[i] == 0;
    assert_in_range(zeros, DEPTH * OUTPUTS / 2, DEPTH * OUTPUTS / 2 + 3);
    mcomp_graph_destroy(result);
    /* By name, and a name that is no node's is noted. */
    result = compressed(graph, "prune.magnitude sparsity=0.5 only=first,third");
    assert_non_null(strstr(mcomp_graph_get_note(result, 0), "is called third"));
    assert_null(mcomp_graph_get_note(result, 1));
    mcomp_graph_destroy(result);
    result = compressed(graph, "prune.magnitude sparsity=0.5 only=second");
    assert_non_null(strstr(mcomp_graph_get_note(result, 0), "is called second"));
    mcomp_graph_destroy(result);
    end_graph(graph);
}

/* Stored, read back, run: the sums are those of the decoded weights. */
static void test_file_and_run(void **state)
{
    (void)state;
    test_random random = test_random_begin("file of a MatMul");
    mcomp_graph *graph = make_network(&random);
    mcomp_graph *result = compressed(graph, "quantize.weights bits=4");
    mcomp_graph *read = NULL;
    char path[] = "/tmp/mat_mul_weights_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_ok(mcomp_save(result, path, NULL, NULL));
    assert_ok(mcomp_load(graph->context, path, NULL, &read));
    unlink(path);
    float values[DEPTH * OUTPUTS], x[BATCH * ROWS * DEPTH];
    float y[BATCH * ROWS * OUTPUTS], z[BATCH * ROWS * 2];
    assert_ok(mcomp_tensor_decode(value_of(read, "w")->constant, values, DEPTH * OUTPUTS));
    for (size_t i = 0; i < BATCH * ROWS * DEPTH; i++)
        x[i] = test_random_float(&random, -1, 1);
    static const char *const devices[] = {"ref", "cpu"};
    for (size_t d = 0; d < 2; d++) {
        memset(y, 0xff, sizeof y);
        run_graph(read, devices[d], BATCH, (const void *[]){x}, (void *[]){y, z});
        for (size_t row = 0; row < BATCH * ROWS; row++)
            for (size_t o = 0; o < OUTPUTS; o++) {
                double sum = 0;
                for (size_t k = 0; k < DEPTH; k++)
                    sum += (double)x[row * DEPTH + k] * (double)values[o * DEPTH + k];
                assert_true(fabs((double)y[row * OUTPUTS + o] - sum) < 1e-5);
            }
    }
    mcomp_graph_destroy(read);
    mcomp_graph_destroy(result);
    end_graph(graph);
}

/* The plan names the weight's encoding, and counts its bytes once it is decoded. */
static void test_plan(void **state)
{
    (void)state;
    test_random random = test_random_begin("plan of a MatMul");
    mcomp_graph *graph = make_network(&random);
    mcomp_graph *result = compressed(graph, "quantize.weights bits=4");
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.devices = "ref";
    mcomp_plan *plan = NULL;
    mcomp_plan_info info = {.struct_size = sizeof info};
    mcomp_step_info step = {.struct_size = sizeof step};
    assert_ok(mcomp_plan_create(result, &options, &plan));
    assert_ok(mcomp_plan_get_step(plan, 0, &step));
    assert_string_equal(step.encoding, value_of(result, "w")->encoding_text);
    assert_string_equal(step.decoding, "at load");
    assert_ok(mcomp_plan_get_step(plan, 1, &step));
    assert_string_equal(step.encoding, "");
    assert_string_equal(step.decoding, "none");
    assert_ok(mcomp_plan_get_info(plan, &info));
    /* w, a bias of 0 for each output, and c */
    assert_int_equal(info.weights_nbytes, 4 * (DEPTH * OUTPUTS + OUTPUTS + OUTPUTS * 2));
    mcomp_plan_destroy(plan);
    mcomp_graph_destroy(result);
    end_graph(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_recipe),
        cmocka_unit_test(test_file_and_run),
        cmocka_unit_test(test_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
