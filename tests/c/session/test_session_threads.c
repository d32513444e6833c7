/* Sessions and threads: the thread count changes no bit, sessions run side by side, a forked child
 * runs too. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "network_fixture.h"
#include "support/emulator.h"

#if defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

#define OUTPUT_COUNT ((size_t)NETWORK_BATCH * NETWORK_OUTPUTS)

static float input[NETWORK_BATCH * NETWORK_INPUTS];

static void run_once(mcomp_graph *graph, const char *device, float *output)
{
    const void *inputs[1] = {input};
    void *outputs[1] = {output};
    run_graph(graph, device, NETWORK_BATCH, inputs, outputs);
}

static void test_thread_count_changes_no_bit(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 3, 8};
    static const char *const devices[] = {"cpu", "ref"};
    fill_network_input(input, NETWORK_BATCH);
    for (int d = 0; d < 2; d++) {
        float wanted[OUTPUT_COUNT], found[OUTPUT_COUNT];
        for (size_t i = 0; i < 4; i++) {
            mcomp_context *context = new_context(counts[i]);
            mcomp_graph *graph = new_network_in(context);
            run_once(graph, devices[d], i ? found : wanted);
            if (i)
                assert_same_bits(found, wanted, OUTPUT_COUNT);
            mcomp_graph_destroy(graph);
            mcomp_context_destroy(context);
        }
    }
}

/* One thread's work: a session of its own, of a graph that all share. */
typedef struct runner {
    mcomp_graph *graph;
    const float *wanted;
    int wrong;
} runner;

enum { RUNS = 60 };

static void *run_many(void *user)
{
    runner *self = user;
    float output[OUTPUT_COUNT];
    mcomp_plan *plan = NULL;
    mcomp_session *session = NULL;
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.batch = NETWORK_BATCH;
    self->wrong = mcomp_plan_create(self->graph, &options, &plan) != MCOMP_OK ||
                  mcomp_session_create(plan, NULL, &session) != MCOMP_OK;
    mcomp_tensor *in = wrap_value(self->graph, self->graph->inputs[0], NETWORK_BATCH, input);
    mcomp_tensor *out = wrap_value(self->graph, self->graph->outputs[0], NETWORK_BATCH, output);
    for (int i = 0; i < RUNS && !self->wrong; i++) {
        memset(output, 0, sizeof output);
        self->wrong = mcomp_session_run(session, &in, 1, &out, 1) != MCOMP_OK ||
                      memcmp(output, self->wanted, sizeof output) != 0;
    }
    mcomp_tensor_release(in);
    mcomp_tensor_release(out);
    mcomp_session_destroy(session);
    mcomp_plan_destroy(plan);
    return NULL;
}

static void test_sessions_side_by_side(void **state)
{
    (void)state;
    enum { RUNNERS = 3 };
    mcomp_context *context = new_context(2);
    mcomp_graph *graph = new_network_in(context);
    float wanted[OUTPUT_COUNT];
    pthread_t threads[RUNNERS];
    runner runners[RUNNERS];
    fill_network_input(input, NETWORK_BATCH);
    run_once(graph, "cpu", wanted);
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = (runner){.graph = graph, .wanted = wanted};
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &runners[i]), 0);
    }
    for (int i = 0; i < RUNNERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(runners[i].wrong, 0);
    }
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
}

#if !defined(HAS_THREAD_SANITIZER) /* it refuses threads after a fork */
static void test_fork(void **state)
{
    (void)state;
    skip_under_emulator("session_threads/test_fork",
                        "qemu-user 7 aborts a forked child that starts threads");
    mcomp_context *context = new_context(3);
    mcomp_graph *graph = new_network_in(context);
    float wanted[OUTPUT_COUNT], found[OUTPUT_COUNT];
    fill_network_input(input, NETWORK_BATCH);
    mcomp_session *session = new_session(graph, "cpu", NETWORK_BATCH);
    const void *inputs[1] = {input};
    void *outputs[1] = {wanted};
    assert_ok(run_session(session, graph, NETWORK_BATCH, inputs, outputs));
    pid_t child = fork();
    assert_true(child >= 0);
    outputs[0] = found;
    if (child == 0) {
        alarm(60); /* a deadlock must end the test, not hold it up */
        mcomp_status status = run_session(session, graph, NETWORK_BATCH, inputs, outputs);
        bool same = status == MCOMP_OK && memcmp(found, wanted, sizeof found) == 0;
        mcomp_session_destroy(session);
        mcomp_graph_destroy(graph);
        mcomp_context_destroy(context);
        _exit(same ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    assert_ok(run_session(session, graph, NETWORK_BATCH, inputs, outputs));
    assert_same_bits(found, wanted, OUTPUT_COUNT);
    mcomp_session_destroy(session);
    mcomp_graph_destroy(graph);
    mcomp_context_destroy(context);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_count_changes_no_bit),
        cmocka_unit_test(test_sessions_side_by_side),
#if !defined(HAS_THREAD_SANITIZER)
        cmocka_unit_test(test_fork),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
