/* The device interface: what the built-in devices must have, and how the planner treats a device that
 * refuses nodes or is not there. The device of these tests is put in the place of `ref`. */
#include "backend/backend.h"
#include "base/context_struct.h"
#include "graph/graph_fixture.h"
#include "mcomp/plan.h"

static void test_registry(void **state)
{
    (void)state;
    fail_alloc memory;
    mcomp_context *context = fail_alloc_context(&memory);
    for (uint32_t i = 0; i < context->device_count; i++) {
        const mc_device *device = context->devices[i];
        assert_true(device->ops->list_candidates && device->ops->prepare && device->ops->run &&
                    device->ops->end_operation && device->ops->close);
        assert_ptr_equal(device->context, context);
        assert_true(device->id[0] && !strchr(device->id, ',') && device->kind[0]);
        assert_true(device->available == (device->reason[0] == 0));
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(device->id, context->devices[k]->id);
    }
    assert_null(mc_device_registry[context->device_count]);
    mcomp_context_destroy(context);
    assert_no_leak(&memory);
}

/* Runs Relu only, in two ways. */
static mcomp_status list_relu(mc_device *device, const mc_request *request,
                              mc_candidate *candidates, size_t capacity, size_t *count,
                              char *reason, size_t reason_capacity)
{
    (void)device;
    assert_true(capacity >= 2);
    *count = 0;
    if (!mc_node_is(&request->graph->nodes[request->node_index], "Relu")) {
        snprintf(reason, reason_capacity, "knows Relu only");
        return MCOMP_OK;
    }
    const mc_candidate common = {.arithmetic = "f32", .layout = "NCHW", .decoding = "none"};
    for (; *count < 2; (*count)++) {
        candidates[*count] = common;
        candidates[*count].kernel = *count ? "fast" : "slow";
        candidates[*count].why = "a test";
        candidates[*count].predicted_ns = *count ? 1 : 2;
        candidates[*count].weights_nbytes = 5;
        candidates[*count].workspace_nbytes = 100 * (*count + 1);
    }
    return MCOMP_OK;
}

static const mc_device_ops relu_ops = {.list_candidates = list_relu};

/* Relu and Softmax, in a context whose `ref` is the device above. */
typedef struct replaced {
    mcomp_graph *graph;
    mc_device device, *original;
} replaced;

static void begin(replaced *what)
{
    memset(what, 0, sizeof *what);
    what->graph = new_graph();
    mcomp_context *context = what->graph->context;
    what->original = context->devices[1];
    assert_string_equal(what->original->id, "ref");
    what->device = *what->original;
    what->device.ops = &relu_ops;
    what->device.id = "relu";
    context->devices[1] = &what->device;
    mcomp_value x = add_input(what->graph, "x", 3, 4, 5);
    mcomp_value y = add_node(what->graph, "Relu", "first", INPUTS(x), NO_ATTRIBUTES);
    mark_and_verify(what->graph,
                    add_node(what->graph, "Softmax", "second", INPUTS(y), NO_ATTRIBUTES));
}

static void end(replaced *what)
{
    what->graph->context->devices[1] = what->original;
    end_graph(what->graph);
}

static mcomp_status try_plan(replaced *what, const char *devices, mcomp_plan **plan)
{
    mcomp_plan_options options;
    mcomp_plan_options_init(&options);
    options.devices = devices;
    return mcomp_plan_create(what->graph, &options, plan);
}

static void test_priorities(void **state)
{
    (void)state;
    replaced what;
    begin(&what);
    mcomp_plan *plan = NULL;
    mcomp_step_info step = {.struct_size = sizeof step};
    mcomp_plan_info info = {.struct_size = sizeof info};
    assert_ok(try_plan(&what, "relu,cpu", &plan));
    assert_ok(mcomp_plan_get_step(plan, 0, &step));
    assert_string_equal(step.device, "relu");
    assert_string_equal(step.kernel, "fast");
    assert_string_equal(step.why, "a test; fastest of 2 by the cost model");
    /* What ran instead of what was asked is said. */
    assert_ok(mcomp_plan_get_step(plan, 1, &step));
    assert_string_equal(step.device, "cpu");
    assert_non_null(strstr(step.why, "not on relu: knows Relu only"));
    assert_ok(mcomp_plan_get_info(plan, &info));
    assert_int_equal(info.workspace_nbytes, 200);
    assert_int_equal(info.weights_nbytes, 5);
    mcomp_plan_destroy(plan);
    assert_ok(try_plan(&what, "cpu,relu", &plan));
    assert_ok(mcomp_plan_get_step(plan, 0, &step));
    assert_string_equal(step.device, "cpu");
    mcomp_plan_destroy(plan);
    end(&what);
}

static void test_refusals(void **state)
{
    (void)state;
    replaced what;
    begin(&what);
    mcomp_plan *plan = NULL;
    assert_status(try_plan(&what, "relu", &plan), MCOMP_ERR_UNSUPPORTED);
    assert_message("node second (Softmax): relu: knows Relu only");
    assert_status(try_plan(&what, "ref", &plan), MCOMP_ERR_NOT_FOUND);
    assert_message("unknown device 'ref'; known are: cpu relu");
    what.device.available = false;
    what.device.reason = "no such chip";
    assert_status(try_plan(&what, "cpu,relu", &plan), MCOMP_ERR_DEVICE);
    assert_message("device relu is not available: no such chip");
    mcomp_device_info device = {.struct_size = sizeof device};
    assert_ok(mcomp_device_get_info(what.graph->context, 1, &device));
    assert_int_equal(device.available, 0);
    assert_string_equal(device.reason, "no such chip");
    end(&what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
