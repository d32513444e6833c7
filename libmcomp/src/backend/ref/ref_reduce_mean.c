#include "ref_device.h"

/* The axes of one image, in two lists: those that stay and those that a sum runs over. */
typedef struct mean_axes {
    size_t extents[MCOMP_MAX_RANK];
    size_t strides[MCOMP_MAX_RANK];
    uint32_t rank;
    size_t count; /**< product of the extents */
} mean_axes;

typedef struct mean_work {
    const float *input;
    float *output;
    size_t image_count; /**< elements of one image of the input */
    mean_axes kept, reduced;
} mean_work;

static mean_axes find_axes(const mc_operation *operation, bool reduced)
{
    const mc_value *input = operation->input;
    mean_axes axes = {.count = 1};
    size_t stride = 1;
    for (uint32_t axis = input->rank; axis-- > 1; stride *= (size_t)input->shape[axis]) {
        if (operation->node->params.reduced[axis] != reduced)
            continue;
        axes.extents[axes.rank] = (size_t)input->shape[axis];
        axes.strides[axes.rank++] = stride;
        axes.count *= (size_t)input->shape[axis];
    }
    return axes;
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

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mean_work *work = user;
    for (size_t i = begin; i < end; i++) {
        const float *first = work->input + i / work->kept.count * work->image_count +
                             place(&work->kept, i % work->kept.count);
        double sum = 0;
        for (size_t k = 0; k < work->reduced.count; k++)
            sum += (double)first[place(&work->reduced, k)];
        work->output[i] = (float)(sum / (double)work->reduced.count);
    }
}

static void run_reduce_mean(const mc_operation *operation, const mc_run *run)
{
    mean_work work = {.input = run->inputs[0],
                      .output = run->output,
                      .image_count = mc_value_element_count(operation->input),
                      .kept = find_axes(operation, false),
                      .reduced = find_axes(operation, true)};
    mc_parallel_for(run->parallel, operation->batch * work.kept.count, 8, do_elements, &work);
}

const mc_routine mc_ref_reduce_mean = {"mc_ref_reduce_mean", run_reduce_mean,
                                       "one sum after the other"};
