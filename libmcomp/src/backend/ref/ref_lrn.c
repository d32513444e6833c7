#include <math.h>

#include "ref_device.h"

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mc_run *run = ((const void *const *)user)[0];
    const mc_operation *operation = ((const void *const *)user)[1];
    const mc_node_params *params = &operation->node->params;
    mc_planes planes = mc_planes_of(operation->input);
    size_t count = planes.height * planes.width;
    const double factor = (double)params->alpha / params->size;
    for (size_t plane = begin; plane < end; plane++) {
        /* The sum is over channels [c - floor((size - 1) / 2), c + ceil((size - 1) / 2)]. */
        size_t c = plane % planes.channels, before = (size_t)(params->size - 1) / 2;
        size_t after = (size_t)params->size - 1 - before;
        size_t first = c > before ? c - before : 0;
        size_t last = planes.channels - 1 - c > after ? c + after : planes.channels - 1;
        const float *image = (const float *)run->inputs[0] + (plane - c) * count;
        for (size_t i = 0; i < count; i++) {
            double sum = 0;
            for (size_t k = first; k <= last; k++)
                sum += (double)image[k * count + i] * (double)image[k * count + i];
            ((float *)run->output)[plane * count + i] =
                (float)((double)image[c * count + i] /
                        pow((double)params->bias + factor * sum, (double)params->beta));
        }
    }
}

static void run_lrn(const mc_operation *operation, const mc_run *run)
{
    const void *work[2] = {run, operation};
    mc_parallel_for(run->parallel, operation->batch * mc_planes_of(operation->input).channels, 1,
                    do_planes, work);
}

const mc_routine mc_ref_lrn = {"mc_ref_lrn", run_lrn, "one plane after the other"};
