/* A file keeps of a node what makes its result: every case is saved, loaded, and gives the same bits. */
#define _DEFAULT_SOURCE

#include <unistd.h>

#include "mcomp/package.h"
#include "operator_build.h"
#include "operator_cases.h"

enum { BATCH = 2 };

static void *run_on_ref(mcomp_graph *graph, const test_random *random, size_t *nbytes)
{
    test_random own = *random;
    void *inputs[RUN_MAX_TENSORS];
    const mcomp_value y = graph->outputs[0];
    *nbytes = batch_count(graph, y, BATCH) * mc_dtype_nbytes(graph->values[y].dtype);
    void *output = case_alloc(*nbytes, 1);
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t count = batch_count(graph, graph->inputs[i], BATCH);
        float *values = case_alloc(count, sizeof *values);
        for (size_t k = 0; k < count; k++)
            values[k] = test_random_float(&own, -2.5f, 3);
        inputs[i] = values;
    }
    run_graph(graph, "ref", BATCH, (const void *const *)inputs, &output);
    for (uint32_t i = 0; i < graph->input_count; i++)
        free(inputs[i]);
    return output;
}

static mcomp_graph *save_and_load(mcomp_graph *graph)
{
    char path[] = "/tmp/operator_files_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    mcomp_graph *read = NULL;
    assert_ok(mcomp_save(graph, path, NULL, NULL));
    assert_ok(mcomp_load(graph->context, path, NULL, &read));
    unlink(path);
    return read;
}

static void check_case(mcomp_context *context, const operator_case *what, case_kind kind,
                       test_random *random)
{
    size_t nbytes, nbytes_read;
    built_case built = build_case(context, what, kind, random);
    mcomp_graph *read = save_and_load(built.graph);
    void *wanted = run_on_ref(built.graph, random, &nbytes);
    void *found = run_on_ref(read, random, &nbytes_read);
    assert_int_equal(nbytes, nbytes_read);
    if (memcmp(wanted, found, nbytes) != 0)
        fail_msg("%s (kind %d): a file's node gives another result", what->name, kind);
    free(wanted);
    free(found);
    mcomp_graph_destroy(read);
    end_case(&built);
}

static void test_files(void **state)
{
    (void)state;
    test_random random = test_random_begin("operator files");
    mcomp_context *context = NULL;
    assert_ok(mcomp_context_create(NULL, &context));
    for (size_t i = 0; i < OPERATOR_CASE_COUNT; i++) {
        const operator_case *what = &operator_cases[i];
        if (!what->only_integer)
            check_case(context, what, KIND_FLOAT, &random);
        if (what->integer && !what->has_residual)
            check_case(context, what, KIND_U8, &random);
    }
    mcomp_context_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
