/* ReduceMean over any axes. Where the last ones are reduced, a sum is made of runs; where they are kept,
 * rows are added up. */
#include "cpu_device.h"

/* Sums of rows that are added up at once, on the stack. */
enum { MAX_SUMS = 256 };

/* Axes of the input, those beside each other that are both kept or both reduced joined. */
typedef struct mean_axes {
    uint32_t rank;
    size_t extents[MCOMP_MAX_RANK];
    size_t strides[MCOMP_MAX_RANK];
    size_t count; /* product of the extents */
} mean_axes;

typedef struct mean_work {
    const mc_cpu_kernels *kernels;
    const float *input;
    float *output;
    mean_axes kept, reduced; /* without the run */
    size_t run_count;        /* elements of a run: the last axes */
    double divisor;
    bool run_is_reduced;
} mean_work;

static void add_axis(mean_axes *axes, size_t extent, size_t stride)
{
    axes->extents[axes->rank] = extent;
    axes->strides[axes->rank++] = stride;
    axes->count *= extent;
}

/* From the last axis to the first: the order of the lists. */
static mean_work find_work(const mcomp_graph *graph, const mc_node *node, size_t batch)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    mean_work work = {.kept = {.count = 1}, .reduced = {.count = 1}, .run_count = 1, .divisor = 1};
    size_t stride = 1;
    bool in_run = true;
    for (uint32_t axis = input->rank; axis-- > 0;) {
        size_t extent = axis ? (size_t)input->shape[axis] : batch;
        bool reduced = axis && node->params.reduced[axis];
        if (extent == 1)
            continue;
        if (stride == 1)
            work.run_is_reduced = reduced;
        in_run = in_run && reduced == work.run_is_reduced;
        if (in_run)
            work.run_count *= extent;
        else
            add_axis(reduced ? &work.reduced : &work.kept, extent, stride);
        if (reduced)
            work.divisor *= (double)extent;
        stride *= extent;
    }
    return work;
}

/* Offset of the index-th combination of coordinates. */
static size_t place(const mean_axes *axes, size_t index)
{
    size_t position = 0;
    for (uint32_t i = 0; i < axes->rank; i++) {
        position += index % axes->extents[i] * axes->strides[i];
        index /= axes->extents[i];
    }
    return position;
}

/* Each item is one result. */
static void do_sums(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mean_work *work = user;
    mc_f32_sum_fn *sum_run = work->kernels->reduce[MC_REDUCE_F32_SUM]->run.f32_sum;
    for (size_t item = begin; item < end; item++) {
        const float *first = work->input + place(&work->kept, item);
        double sum = 0;
        for (size_t k = 0; k < work->reduced.count; k++)
            sum += sum_run(work->run_count, first + place(&work->reduced, k));
        work->output[item] = (float)(sum / work->divisor);
    }
}

/* Each item is a part of a run of results. */
static void do_rows(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mean_work *work = user;
    mc_f32_add_row_fn *add_row = work->kernels->reduce[MC_REDUCE_F32_ADD_ROW]->run.f32_add_row;
    size_t parts = (work->run_count + MAX_SUMS - 1) / MAX_SUMS;
    for (size_t item = begin; item < end; item++) {
        double sums[MAX_SUMS] = {0};
        size_t run = item / parts, part = item % parts * MAX_SUMS;
        size_t count = work->run_count - part < MAX_SUMS ? work->run_count - part : MAX_SUMS;
        const float *first = work->input + place(&work->kept, run) + part;
        for (size_t k = 0; k < work->reduced.count; k++)
            add_row(count, first + place(&work->reduced, k), sums);
        for (size_t i = 0; i < count; i++)
            work->output[run * work->run_count + part + i] = (float)(sums[i] / work->divisor);
    }
}

static void run_reduce_mean(const mc_operation *operation, const mc_run *run)
{
    mean_work work = find_work(operation->graph, operation->node, operation->batch);
    work.kernels = mc_cpu_kernels_of(operation);
    work.input = run->inputs[0];
    work.output = run->output;
    if (work.run_is_reduced) {
        size_t elements = work.run_count * work.reduced.count;
        mc_parallel_for(run->parallel, work.kept.count, MC_CPU_ELEMENT_GRAIN / elements + 1,
                        do_sums, &work);
    } else {
        size_t parts = (work.run_count + MAX_SUMS - 1) / MAX_SUMS;
        mc_parallel_for(run->parallel, work.kept.count * parts, 1, do_rows, &work);
    }
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_is(node, "ReduceMean") && !mc_node_is_integer(graph, node);
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mean_work work = find_work(request->graph, &request->graph->nodes[request->node_index],
                                     (size_t)request->batch);
    const mc_reduce_kernel *kernel =
        device->kernels.reduce[work.run_is_reduced ? MC_REDUCE_F32_SUM : MC_REDUCE_F32_ADD_ROW];
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    work.run_is_reduced ? "the last axes are reduced: sums of runs"
                                        : "the last axes are kept: rows added up");
}

const mc_cpu_implementation mc_cpu_reduce_mean = {fits, describe, NULL, run_reduce_mean};
