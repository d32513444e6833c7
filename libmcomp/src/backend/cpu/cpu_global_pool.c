/* GlobalAveragePool and GlobalMaxPool: a plane is one run. */
#include "cpu_device.h"

typedef struct global_pool_work {
    const mc_operation *operation;
    const mc_run *run;
    const mc_cpu_kernels *kernels;
    size_t count; /* elements of a plane */
    mc_quantize_range range;
    bool averages, integer, is_signed;
} global_pool_work;

static void do_float_planes(const global_pool_work *work, size_t begin, size_t end)
{
    const float *input = work->run->inputs[0];
    float *output = work->run->output;
    for (size_t plane = begin; plane < end; plane++) {
        const float *from = input + plane * work->count;
        if (work->averages)
            output[plane] =
                (float)(work->kernels->reduce[MC_REDUCE_F32_SUM]->run.f32_sum(work->count, from) /
                        (double)work->count);
        else
            output[plane] =
                work->kernels->reduce[MC_REDUCE_F32_GREATEST]->run.f32_greatest(work->count, from);
    }
}

static void do_integer_planes(const global_pool_work *work, size_t begin, size_t end)
{
    const mc_value *value = work->operation->input;
    const uint8_t *input = work->run->inputs[0];
    uint8_t *output = work->run->output;
    float multiplier = (float)((double)value->scale /
                               ((double)work->operation->output->scale * (double)work->count));
    int64_t zero = (int64_t)work->count * value->zero_point;
    for (size_t plane = begin; plane < end; plane++) {
        const uint8_t *from = input + plane * work->count;
        if (!work->averages) {
            output[plane] = work->kernels->reduce[MC_REDUCE_U8_GREATEST]->run.u8_greatest(
                work->count, from, work->is_signed);
            continue;
        }
        int64_t sum =
            work->kernels->reduce[MC_REDUCE_U8_SUM]->run.u8_sum(work->count, from, work->is_signed);
        output[plane] = mc_quantize_one(&work->range, (float)(sum - zero) * multiplier);
    }
}

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const global_pool_work *work = user;
    if (work->integer)
        do_integer_planes(work, begin, end);
    else
        do_float_planes(work, begin, end);
}

static void run_global_pool(const mc_operation *operation, const mc_run *run)
{
    mc_planes input = mc_planes_of(operation->input);
    global_pool_work work = {.operation = operation,
                             .run = run,
                             .kernels = mc_cpu_kernels_of(operation),
                             .count = input.height * input.width,
                             .averages = mc_node_is(operation->node, "GlobalAveragePool"),
                             .integer = operation->input->dtype != MCOMP_DTYPE_F32,
                             .is_signed = operation->input->dtype == MCOMP_DTYPE_S8};
    if (work.integer)
        work.range = mc_cpu_range_of(operation);
    mc_parallel_for(run->parallel, operation->batch * input.channels,
                    MC_CPU_ELEMENT_GRAIN / work.count + 1, do_planes, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "GlobalAveragePool") || mc_node_is(node, "GlobalMaxPool");
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    bool averages = mc_node_is(node, "GlobalAveragePool");
    bool integer = mc_node_is_integer(request->graph, node);
    const mc_reduce_kernel *kernel =
        device->kernels.reduce[averages  ? integer ? MC_REDUCE_U8_SUM : MC_REDUCE_F32_SUM
                               : integer ? MC_REDUCE_U8_GREATEST
                                         : MC_REDUCE_F32_GREATEST];
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    "a plane is one run");
}

const mc_cpu_implementation mc_cpu_global_pool = {fits, describe, NULL, run_global_pool};
