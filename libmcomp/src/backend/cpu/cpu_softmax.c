/* Softmax: along the last axis a line is a run; along another, lines lie beside each other. */
#include "cpu_device.h"

/* Lines beside each other that one worker takes at once. */
#define LINES ((size_t)64)

typedef struct softmax_work {
    const mc_cpu_kernels *kernels;
    const float *input;
    float *output;
    size_t count;  /* elements of a line */
    size_t beside; /* lines beside each other */
    size_t blocks; /* of LINES in these */
} softmax_work;

/* Elements after the axis of one index of it. */
static size_t count_beside(const mc_value *value, uint32_t axis)
{
    size_t beside = 1;
    for (uint32_t i = axis + 1; i < value->rank; i++)
        beside *= (size_t)value->shape[i];
    return beside;
}

static void do_blocks(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const softmax_work *work = user;
    for (size_t item = begin; item < end; item++) {
        size_t line = item % work->blocks * LINES;
        size_t at = item / work->blocks * work->count * work->beside + line;
        size_t lines = work->beside - line < LINES ? work->beside - line : LINES;
        if (work->beside == 1)
            work->kernels->softmax[MC_SOFTMAX_LINE]->run.f32_softmax(work->count, work->input + at,
                                                                     work->output + at);
        else
            work->kernels->softmax[MC_SOFTMAX_LINES]->run.f32_softmax_lines(
                work->count, work->beside, lines, work->input + at, work->output + at);
    }
}

static void run_softmax(const mc_operation *operation, const mc_run *run)
{
    const mc_value *value = operation->output;
    uint32_t axis = (uint32_t)operation->node->params.axis;
    softmax_work work = {.kernels = mc_cpu_kernels_of(operation),
                         .input = run->inputs[0],
                         .output = run->output,
                         .count = (size_t)value->shape[axis],
                         .beside = count_beside(value, axis)};
    work.blocks = (work.beside + LINES - 1) / LINES;
    size_t outer = operation->batch;
    for (uint32_t i = 1; i < axis; i++)
        outer *= (size_t)value->shape[i];
    size_t item_elements = work.count * (work.beside < LINES ? work.beside : LINES);
    mc_parallel_for(run->parallel, outer * work.blocks, MC_CPU_ELEMENT_GRAIN / item_elements + 1,
                    do_blocks, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "Softmax");
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    size_t beside =
        count_beside(&request->graph->values[node->output], (uint32_t)node->params.axis);
    const mc_softmax_kernel *kernel =
        device->kernels.softmax[beside == 1 ? MC_SOFTMAX_LINE : MC_SOFTMAX_LINES];
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    beside == 1 ? "a line is a run" : "lines beside each other, one a lane");
}

const mc_cpu_implementation mc_cpu_softmax = {fits, describe, NULL, run_softmax};
