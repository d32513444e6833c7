#include "ref_device.h"

#include "base/status.h"

#define MC_OPERATOR(name, stem) extern const mc_routine mc_ref_##stem;
#include "graph/operators.def"
#undef MC_OPERATOR

static const struct {
    const char *op;
    const mc_routine *routine;
} routines[] = {
#define MC_OPERATOR(name, stem) {#name, &mc_ref_##stem},
#include "graph/operators.def"
#undef MC_OPERATOR
};

/* Double precision and no blocking: about one multiply-accumulate a nanosecond. */
#define NS_PER_MAC     1.0
#define NS_PER_ELEMENT 2.0

const mc_routine *mc_ref_routine(const mc_node *node)
{
    for (size_t i = 0; i < sizeof routines / sizeof *routines; i++)
        if (mc_node_is(node, routines[i].op))
            return routines[i].routine;
    return NULL;
}

static mcomp_status list_candidates(mc_device *device, const mc_request *request,
                                    mc_candidate *candidates, size_t capacity, size_t *count,
                                    char *reason, size_t reason_capacity)
{
    (void)device;
    (void)capacity;
    const mc_node *node = &request->graph->nodes[request->node_index];
    const mc_routine *routine = mc_ref_routine(node);
    const mc_value *output = &request->graph->values[node->output];
    *count = 0;
    if (!mc_operation_possible(request, reason, reason_capacity))
        return MCOMP_OK;
    bool integer = mc_node_is_integer(request->graph, node);
    const mc_value *weight =
        mc_node_reads_weight(request->graph, node) ? mc_node_input(request->graph, node, 1) : NULL;
    candidates[0] = (mc_candidate){
        .kernel = routine->kernel,
        .arithmetic = integer ? "int8" : "f32",
        .layout = "NCHW",
        .decoding = weight ? "at load" : "none",
        .why = routine->why,
        .predicted_ns =
            (double)request->batch * ((double)node->macs * NS_PER_MAC +
                                      (double)mc_value_element_count(output) * NS_PER_ELEMENT),
        .weights_nbytes = (weight ? mc_value_element_count(weight) * (integer ? 2 : 4) : 0) +
                          mc_operation_extra_nbytes(request)};
    *count = 1;
    return MCOMP_OK;
}

static mcomp_status prepare(mc_device *device, const mc_request *request,
                            const mc_candidate *candidate, mc_operation **out)
{
    (void)candidate;
    MC_TRY(mc_operation_create(device->context, request, out));
    (*out)->run = mc_ref_routine((*out)->node)->run;
    return MCOMP_OK;
}

static void run_operation(const mc_operation *operation, const mc_run *run)
{
    operation->run(operation, run);
}

static void end_operation(mc_device *device, mc_operation *operation)
{
    (void)device;
    mc_operation_destroy(operation);
}

static void close_device(mc_device *device)
{
    mc_free(device->context, device);
}

mcomp_status mc_ref_device_open(mcomp_context *context, mc_device **out)
{
    static const mc_device_ops ops = {list_candidates, prepare, run_operation, end_operation,
                                      close_device};
    mc_device *device = mc_alloc_zero(context, sizeof *device);
    if (!device)
        return mc_fail_memory(sizeof *device);
    *device = (mc_device){.ops = &ops,
                          .context = context,
                          .id = "ref",
                          .kind = "reference",
                          .name = "plain C reference",
                          .detail = "double accumulation",
                          .available = true,
                          .reason = ""};
    *out = device;
    return MCOMP_OK;
}
