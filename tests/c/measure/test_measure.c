/* Measuring: how many samples, which statistics, cancelling, energy from a copy of the kernel's files. */
#define _DEFAULT_SOURCE

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context_struct.h"
#include "graph/graph_fixture.h"
#include "measure/energy.h"
#include "mcomp/measure.h"
#include "session/run_graph.h"

/* A Relu of four floats with all that measuring it takes. */
typedef struct measured {
    mcomp_graph *graph;
    mcomp_session *session;
    mcomp_tensor *in, *out;
    float input[4], output[4];
} measured;

static void begin(measured *what)
{
    memset(what, 0, sizeof *what);
    what->graph = new_graph();
    mcomp_value x = add_input(what->graph, "x", 4, 0, 0);
    mark_and_verify(what->graph, add_node(what->graph, "Relu", "y", INPUTS(x), NO_ATTRIBUTES));
    what->session = new_session(what->graph, "cpu", 1);
    what->in = wrap_value(what->graph, what->graph->inputs[0], 1, what->input);
    what->out = wrap_value(what->graph, what->graph->outputs[0], 1, what->output);
}

static void end(measured *what)
{
    mcomp_tensor_release(what->in);
    mcomp_tensor_release(what->out);
    mcomp_session_destroy(what->session);
    end_graph(what->graph);
}

static mcomp_status measure(measured *what, const mcomp_measure_options *options,
                            mcomp_measurement **out)
{
    return mcomp_measure(what->session, &what->in, 1, &what->out, 1, options, out);
}

static mcomp_measurement_info info_of(const mcomp_measurement *measurement)
{
    mcomp_measurement_info info = {.struct_size = sizeof info};
    assert_ok(mcomp_measurement_get_info(measurement, &info));
    return info;
}

static void test_counts(void **state)
{
    (void)state;
    measured what;
    begin(&what);
    mcomp_measure_options options;
    mcomp_measure_options_init(&options);
    assert_int_equal(options.warmup_runs, 2);
    assert_int_equal(options.min_runs, 10);
    assert_true(options.min_seconds == 1);
    mcomp_measurement *measurement = NULL;
    /* Without a time, exactly min_runs; with one, more, but never above max_runs. */
    options.min_seconds = 0;
    options.min_runs = 7;
    assert_ok(measure(&what, &options, &measurement));
    assert_int_equal(info_of(measurement).sample_count, 7);
    mcomp_measurement_destroy(measurement);
    options.min_seconds = 3600;
    options.max_runs = 3000; /* the samples outgrow their first room */
    assert_ok(measure(&what, &options, &measurement));
    assert_int_equal(info_of(measurement).sample_count, 3000);
    mcomp_measurement_destroy(measurement);
    options.min_seconds = 0.05;
    options.max_runs = 1000000;
    assert_ok(measure(&what, &options, &measurement));
    const uint64_t *samples = mcomp_measurement_samples(measurement);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < info_of(measurement).sample_count; i++)
        sum += samples[i];
    assert_true(info_of(measurement).sample_count >= 7);
    assert_true(sum <= 10000000000u);
    mcomp_measurement_destroy(measurement);
    mcomp_measurement_destroy(NULL);
    end(&what);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Percentiles by nearest rank: the smallest sample that so many percent are not above. */
static void test_statistics(void **state)
{
    (void)state;
    measured what;
    begin(&what);
    for (uint32_t runs = 1; runs <= 23; runs++) {
        mcomp_measure_options options;
        mcomp_measure_options_init(&options);
        options.min_seconds = 0;
        options.min_runs = runs;
        mcomp_measurement *measurement = NULL;
        assert_ok(measure(&what, &options, &measurement));
        mcomp_measurement_info info = info_of(measurement);
        uint64_t sorted[23];
        double sum = 0;
        memcpy(sorted, mcomp_measurement_samples(measurement), runs * sizeof *sorted);
        qsort(sorted, runs, sizeof *sorted, compare);
        for (uint32_t i = 0; i < runs; i++)
            sum += (double)sorted[i];
        uint32_t at_median = 0, at_p90 = 0;
        while ((at_median + 1) * 100 < runs * 50)
            at_median++;
        while ((at_p90 + 1) * 100 < runs * 90)
            at_p90++;
        assert_int_equal(info.min_ns, sorted[0]);
        assert_int_equal(info.median_ns, sorted[at_median]);
        assert_int_equal(info.p90_ns, sorted[at_p90]);
        assert_int_equal(info.max_ns, sorted[runs - 1]);
        assert_true(fabs(info.mean_ns - sum / runs) <= 1e-9 * sum);
        assert_true((info.joules_per_run < 0) == (info.energy_source[0] == 0));
        mcomp_measurement_destroy(measurement);
    }
    end(&what);
}

static void test_options(void **state)
{
    (void)state;
    measured what;
    begin(&what);
    static const struct {
        uint32_t warmup_runs, min_runs, max_runs;
        double min_seconds;
        const char *words;
    } bad[] = {
        {10001, 1, 1, 0, "warmup_runs = 10001"},
        {0, 0, 1, 0, "min_runs = 0"},
        {0, 5, 4, 0, "min_runs = 5, max_runs = 4"},
        {0, 1, 1000001, 0, "max_runs = 1000001"},
        {0, 1, 1, -1, "min_seconds = -1"},
        {0, 1, 1, 3601, "min_seconds = 3601"},
        {0, 1, 1, NAN, "min_seconds"},
        {0, 1, 1, INFINITY, "min_seconds = inf"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mcomp_measure_options options;
        mcomp_measure_options_init(&options);
        options.warmup_runs = bad[i].warmup_runs;
        options.min_runs = bad[i].min_runs;
        options.max_runs = bad[i].max_runs;
        options.min_seconds = bad[i].min_seconds;
        mcomp_measurement *measurement = (mcomp_measurement *)&what;
        assert_status(measure(&what, &options, &measurement), MCOMP_ERR_INVALID_ARGUMENT);
        assert_message(bad[i].words);
        assert_null(measurement);
    }
    mcomp_measurement *measurement = NULL;
    assert_status(mcomp_measure(NULL, NULL, 0, NULL, 0, NULL, &measurement),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_measure(what.session, &what.in, 1, &what.out, 1, NULL, NULL),
                  MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_measure(what.session, &what.in, 1, NULL, 0, NULL, &measurement),
                  MCOMP_ERR_SHAPE);
    end(&what);
}

typedef struct listener {
    int calls, stop_at;
    uint64_t last;
} listener;

static int listen(void *user, const char *stage, uint64_t done, uint64_t total)
{
    listener *self = user;
    assert_string_equal(stage, "measure");
    assert_true(total > 0 && done <= total && done >= self->last);
    self->last = done;
    return ++self->calls == self->stop_at;
}

static void test_progress(void **state)
{
    (void)state;
    measured what;
    begin(&what);
    listener self = {.stop_at = 3};
    mcomp_measure_options options;
    mcomp_measure_options_init(&options);
    options.min_seconds = 3600;
    options.progress = listen;
    options.progress_user = &self;
    mcomp_measurement *measurement = NULL;
    long live = atomic_load(&fixture_memory.live);
    assert_status(measure(&what, &options, &measurement), MCOMP_ERR_CANCELLED);
    assert_message("cancelled");
    assert_null(measurement);
    assert_int_equal(self.calls, 3);
    assert_int_equal(atomic_load(&fixture_memory.live), live);
    self = (listener){.stop_at = -1};
    options.min_seconds = 0.2;
    assert_ok(measure(&what, &options, &measurement));
    assert_true(self.calls >= 2);
    mcomp_measurement_destroy(measurement);
    end(&what);
}

static void write_file(const char *folder, const char *zone, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, zone);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s", folder, zone, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void remove_zone(const char *folder, const char *zone)
{
    static const char *const names[] = {"name", "max_energy_range_uj", "energy_uj"};
    char path[512];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", folder, zone, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/%s", folder, zone);
    rmdir(path);
}

static void test_energy(void **state)
{
    (void)state;
    char folder[] = "/tmp/mcomp_energy_XXXXXX";
    assert_non_null(mkdtemp(folder));
    mc_energy_counter counter;
    assert_false(mc_energy_find(folder, &counter));
    assert_string_equal(counter.source, "");
    assert_true(mc_energy_joules(&counter) < 0);
    write_file(folder, "intel-rapl:0", "name", "psys\n");
    write_file(folder, "intel-rapl:1", "name", "package-0\n");
    write_file(folder, "intel-rapl:1", "max_energy_range_uj", "9000000\n");
    assert_false(mc_energy_find(folder, &counter)); /* nothing to count yet */
    write_file(folder, "intel-rapl:1", "energy_uj", "8000000\n");
    assert_true(mc_energy_find(folder, &counter));
    assert_string_equal(counter.source, "powercap package-0");
    assert_true(mc_energy_start(&counter));
    write_file(folder, "intel-rapl:1", "energy_uj", "8500000\n");
    assert_true(fabs(mc_energy_joules(&counter) - 0.5) < 1e-12);
    write_file(folder, "intel-rapl:1", "energy_uj", "250000\n"); /* began again */
    assert_true(fabs(mc_energy_joules(&counter) - 1.25) < 1e-12);
    write_file(folder, "intel-rapl:1", "energy_uj", "none\n");
    assert_true(mc_energy_joules(&counter) < 0);
    assert_false(mc_energy_start(&counter));
    remove_zone(folder, "intel-rapl:0");
    remove_zone(folder, "intel-rapl:1");
    assert_int_equal(rmdir(folder), 0);
}

static void test_memory(void **state)
{
    (void)state;
    enum { NBYTES = 64 << 20 };
    uint64_t before = mcomp_resident_nbytes();
    assert_true(before > 0);
    /* Not from malloc(), which may keep what is freed. */
    char *block = mmap(NULL, NBYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    for (size_t i = 0; i < NBYTES; i += 4096)
        ((volatile char *)block)[i] = 1;
    assert_true(mcomp_resident_nbytes() >= before + NBYTES / 2);
    munmap(block, NBYTES);
    assert_true(mcomp_peak_resident_nbytes() >= before + NBYTES / 2);
    if (mcomp_peak_resident_reset())
        assert_true(mcomp_peak_resident_nbytes() < before + NBYTES / 2);
}

static void test_environment(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "cpu",    "isa",      "isa_detected", "cores",   "threads",  "memory_nbytes",
        "kernel", "compiler", "flags",        "library", "governor", "timer_resolution_ns"};
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context_threads(&memory, 2);
    const char *key, *text;
    for (uint32_t i = 0; i < 12; i++) {
        assert_ok(mcomp_environment_get(context, i, &key, &text));
        assert_string_equal(key, keys[i]);
        assert_true(text[0] != 0);
        if (strcmp(key, "threads") == 0)
            assert_string_equal(text, "2");
        if (strcmp(key, "library") == 0)
            assert_string_equal(text, mcomp_version());
        if (strcmp(key, "memory_nbytes") == 0)
            assert_true(strtoull(text, NULL, 10) > 1 << 20);
    }
    assert_int_equal(mcomp_environment_get(context, 12, &key, &text), MCOMP_END);
    assert_status(mcomp_environment_get(NULL, 0, &key, &text), MCOMP_ERR_INVALID_ARGUMENT);
    assert_status(mcomp_environment_get(context, 0, NULL, &text), MCOMP_ERR_INVALID_ARGUMENT);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

static mcomp_status get_environment(mcomp_context *context, void *user)
{
    (void)user;
    const char *key, *text;
    mcomp_context *own = NULL;
    mcomp_context_options options;
    mcomp_context_options_init(&options);
    options.threads = 1;
    options.allocator = context->allocator;
    mcomp_status status = mcomp_context_create(&options, &own);
    if (status == MCOMP_OK)
        status = mcomp_environment_get(own, 0, &key, &text);
    mcomp_context_destroy(own);
    return status;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    assert_true(fail_alloc_every(get_environment, NULL) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),      cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_options),     cmocka_unit_test(test_progress),
        cmocka_unit_test(test_energy),      cmocka_unit_test(test_memory),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
