/* Which device and which kernel for every node. The devices answer; here the answers are compared.
 */
#include <stdio.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "plan_struct.h"

enum { MAX_DEVICES = 16, MAX_CANDIDATES = 8 };

typedef struct device_list {
    mc_device *devices[MAX_DEVICES];
    uint32_t count;
} device_list;

static mc_device *find_device(const mcomp_context *context, const char *id, size_t length)
{
    for (uint32_t i = 0; i < context->device_count; i++)
        if (strlen(context->devices[i]->id) == length &&
            memcmp(context->devices[i]->id, id, length) == 0)
            return context->devices[i];
    return NULL;
}

static mcomp_status fail_unknown_device(const mcomp_context *context, const char *id, size_t length)
{
    char known[256] = "";
    for (uint32_t i = 0; i < context->device_count; i++) {
        size_t end = strlen(known);
        snprintf(known + end, sizeof known - end, " %s", context->devices[i]->id);
    }
    MC_FAIL(MCOMP_ERR_NOT_FOUND, "unknown device '%.*s'; known are:%s",
            (int)(length < 64 ? length : 64), id, known);
}

static mcomp_status parse_devices(const mcomp_context *context, const char *text, device_list *list)
{
    list->count = 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        mc_device *device = find_device(context, text, length);
        if (!device)
            return fail_unknown_device(context, text, length);
        MC_REQUIRE(device->available, MCOMP_ERR_DEVICE, "device %s is not available: %s",
                   device->id, device->reason);
        for (uint32_t i = 0; i < list->count; i++)
            MC_REQUIRE(list->devices[i] != device, MCOMP_ERR_INVALID_ARGUMENT,
                       "device %s is listed twice", device->id);
        MC_REQUIRE(list->count < MAX_DEVICES, MCOMP_ERR_LIMIT, "more than %d devices", MAX_DEVICES);
        list->devices[list->count++] = device;
        if (!text[length])
            return MCOMP_OK;
        text += length + 1;
    }
}

static void name_encoding(const mcomp_graph *graph, const mc_node *node, char *text,
                          size_t capacity)
{
    text[0] = 0;
    const mc_value *weight = mc_node_input(graph, node, 1);
    if (!mc_node_reads_weight(graph, node) || !weight->constant)
        return;
    mcomp_tensor_info info = {.struct_size = sizeof info};
    if (mcomp_tensor_get_info(weight->constant, &info) == MCOMP_OK && info.encoding.numeric)
        mcomp_encoding_format(&info.encoding, text, capacity);
}

/* Take the fastest candidate of the first device that has any: the order of the list is the
 * caller's priority, and one device's prediction is not measured against another's yet. */
static mcomp_status place_node(const mcomp_plan *plan, const device_list *list, mc_step *step,
                               char *refusals, size_t capacity)
{
    const mc_request request = {
        .graph = plan->graph, .node_index = step->node_index, .batch = plan->batch};
    const mc_node *node = &plan->graph->nodes[step->node_index];
    char reasons[MC_REASON_CAPACITY] = "";
    for (uint32_t d = 0; d < list->count; d++) {
        mc_candidate candidates[MAX_CANDIDATES];
        char reason[MC_REASON_CAPACITY] = "";
        size_t count = 0, best = 0;
        mc_device *device = list->devices[d];
        MC_TRY(device->ops->list_candidates(device, &request, candidates, MAX_CANDIDATES, &count,
                                            reason, sizeof reason));
        if (count == 0) {
            size_t end = strlen(reasons);
            snprintf(reasons + end, sizeof reasons - end, " %s: %s;", device->id, reason);
            continue;
        }
        for (size_t i = 1; i < count; i++)
            if (candidates[i].predicted_ns < candidates[best].predicted_ns)
                best = i;
        step->device = device;
        step->candidate = candidates[best];
        int length = snprintf(step->why, sizeof step->why, "%s", candidates[best].why);
        if (count > 1 && length > 0 && (size_t)length < sizeof step->why)
            snprintf(step->why + length, sizeof step->why - (size_t)length,
                     "; fastest of %zu by the cost model", count);
        if (reasons[0] && length > 0 && (size_t)length < sizeof step->why)
            snprintf(step->why + length, sizeof step->why - (size_t)length, "; not on%s", reasons);
        return MCOMP_OK;
    }
    size_t end = strlen(refusals);
    snprintf(refusals + end, capacity - end, "%snode %s (%s):%s", end ? " " : "", node->name,
             node->op->name, reasons);
    return MCOMP_OK;
}

mcomp_status mc_plan_place(mcomp_plan *plan, const char *devices)
{
    device_list list;
    char refusals[900] = "";
    MC_TRY(parse_devices(plan->graph->context, devices, &list));
    for (uint32_t i = 0; i < plan->step_count; i++) {
        mc_step *step = &plan->steps[i];
        step->node_index = i;
        name_encoding(plan->graph, &plan->graph->nodes[i], step->encoding, sizeof step->encoding);
        MC_TRY(place_node(plan, &list, step, refusals, sizeof refusals));
        if (!step->device)
            continue;
        const mc_candidate *candidate = &step->candidate;
        plan->predicted_ns += candidate->predicted_ns;
        plan->weights_nbytes += candidate->weights_nbytes;
        if (candidate->workspace_nbytes > plan->workspace_nbytes)
            plan->workspace_nbytes = candidate->workspace_nbytes;
    }
    MC_REQUIRE(!refusals[0], MCOMP_ERR_UNSUPPORTED, "%s", refusals);
    return MCOMP_OK;
}
