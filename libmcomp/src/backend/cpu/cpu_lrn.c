/* LRN: one plane after the other, from the planes of its neighbours. */
#include "cpu_device.h"

typedef struct lrn_work {
    mc_f32_lrn_fn *lrn;
    const float *input;
    float *output;
    size_t channels, count; /* count: elements of a plane */
    size_t before, after;   /* channels summed besides its own */
    mc_lrn_factors factors;
} lrn_work;

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const lrn_work *work = user;
    for (size_t plane = begin; plane < end; plane++) {
        size_t channel = plane % work->channels;
        size_t before = channel < work->before ? channel : work->before;
        size_t behind = work->channels - 1 - channel;
        const mc_lrn_window window = {.first = work->input + (plane - before) * work->count,
                                      .centre = work->input + plane * work->count,
                                      .stride = work->count,
                                      .channels = before + 1 +
                                                  (behind < work->after ? behind : work->after)};
        work->lrn(&window, &work->factors, work->count, work->output + plane * work->count);
    }
}

static void run_lrn(const mc_operation *operation, const mc_run *run)
{
    const mc_node_params *params = &operation->node->params;
    mc_planes planes = mc_planes_of(operation->input);
    size_t size = (size_t)params->size;
    const lrn_work work = {
        .lrn = mc_cpu_kernels_of(operation)->lrn[MC_LRN_F32]->run.f32_lrn,
        .input = run->inputs[0],
        .output = run->output,
        .channels = planes.channels,
        .count = planes.height * planes.width,
        .before = (size - 1) / 2,
        .after = size - 1 - (size - 1) / 2,
        .factors = {(float)((double)params->alpha / params->size), params->bias, params->beta}};
    mc_parallel_for(run->parallel, operation->batch * planes.channels,
                    MC_CPU_ELEMENT_GRAIN / work.count + 1, do_planes, (void *)&work);
}

/* What the kernels' bound holds for, with a bias that no sum of squares too small for a float matters
 * beside. The reference takes what no network has. */
static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    const mc_node_params *params = &node->params;
    return mc_node_is(node, "LRN") && params->bias >= 0x1p-20f && params->beta >= 0 &&
           params->beta <= 2;
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    const mc_lrn_kernel *kernel = device->kernels.lrn[MC_LRN_F32];
    float beta = node->params.beta;
    bool roots = beta == 0.75f || beta == 0.5f || beta == 1;
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    roots ? "a plane at once, the power by square roots"
                          : "a plane at once, the power one by one");
}

const mc_cpu_implementation mc_cpu_lrn = {fits, describe, NULL, run_lrn};
