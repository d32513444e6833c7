/* BatchNormalization that no convolution took in: a plane at once. */
#include <math.h>

#include "cpu_device.h"

typedef struct batch_normalization_work {
    const mc_operation *operation;
    const mc_run *run;
    mc_f32_normalize_fn *normalize;
    size_t channels, count; /* count: elements of a plane */
} batch_normalization_work;

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const batch_normalization_work *work = user;
    const float *const *constants = (const float *const *)work->operation->constants;
    double epsilon = (double)work->operation->node->params.epsilon;
    for (size_t plane = begin; plane < end; plane++) {
        size_t c = plane % work->channels;
        double factor = (double)constants[1][c] / sqrt((double)constants[4][c] + epsilon);
        work->normalize(constants[3][c], (float)factor, constants[2][c], work->count,
                        (const float *)work->run->inputs[0] + plane * work->count,
                        (float *)work->run->output + plane * work->count);
    }
}

static void run_batch_normalization(const mc_operation *operation, const mc_run *run)
{
    mc_planes planes = mc_planes_of(operation->input);
    batch_normalization_work work = {
        .operation = operation,
        .run = run,
        .normalize =
            mc_cpu_kernels_of(operation)->elementwise[MC_ELEMENTWISE_NORMALIZE]->run.f32_normalize,
        .channels = planes.channels,
        .count = planes.height * planes.width};
    mc_parallel_for(run->parallel, operation->batch * planes.channels,
                    MC_CPU_ELEMENT_GRAIN / work.count + 1, do_planes, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "BatchNormalization");
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_elementwise_kernel *kernel = device->kernels.elementwise[MC_ELEMENTWISE_NORMALIZE];
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits, "a plane at once");
}

const mc_cpu_implementation mc_cpu_batch_normalization = {fits, describe, NULL,
                                                          run_batch_normalization};
