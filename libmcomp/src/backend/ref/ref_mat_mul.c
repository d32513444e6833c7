#include "ref_binary.h"

typedef struct mat_mul_work {
    const mc_operation *operation;
    const float *a, *b;
    float *output;
    size_t rows, depth, columns;    /**< of one pair of matrices: [rows, depth] [depth, columns] */
    size_t extents[MCOMP_MAX_RANK]; /**< of the axes before the matrices' */
    size_t a_strides[MCOMP_MAX_RANK]; /**< in matrices; 0 where it repeats */
    size_t b_strides[MCOMP_MAX_RANK];
    uint32_t outer_rank;
} mat_mul_work;

/* Rows of a against the rows of the weight, which lies [outputs, depth]. */
static void do_weight_rows(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mat_mul_work *work = user;
    const mc_weights *weights = &work->operation->weights;
    for (size_t row = begin; row < end; row++) {
        const float *input = work->a + row * weights->depth;
        for (size_t o = 0; o < weights->outputs; o++) {
            const float *weight = weights->floats + o * weights->depth;
            double sum = 0;
            for (size_t k = 0; k < weights->depth; k++)
                sum += (double)input[k] * (double)weight[k];
            work->output[row * weights->outputs + o] = (float)sum;
        }
    }
}

/* Rows of the result, over all its matrices. */
static void do_rows(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const mat_mul_work *work = user;
    for (size_t row = begin; row < end; row++) {
        size_t rest = row / work->rows, a_matrix = 0, b_matrix = 0;
        for (uint32_t axis = work->outer_rank; axis-- > 0;) {
            size_t coordinate = rest % work->extents[axis];
            a_matrix += coordinate * work->a_strides[axis];
            b_matrix += coordinate * work->b_strides[axis];
            rest /= work->extents[axis];
        }
        const float *a = work->a + (a_matrix * work->rows + row % work->rows) * work->depth;
        const float *b = work->b + b_matrix * work->depth * work->columns;
        for (size_t o = 0; o < work->columns; o++) {
            double sum = 0;
            for (size_t k = 0; k < work->depth; k++)
                sum += (double)a[k] * (double)b[k * work->columns + o];
            work->output[row * work->columns + o] = (float)sum;
        }
    }
}

static void run_batched(mat_mul_work *work, const mc_run *run)
{
    const mc_operation *operation = work->operation;
    const mc_value *b = mc_node_input(operation->graph, operation->node, 1);
    const mc_value *output = operation->output;
    size_t matrices = operation->batch;
    work->b = mc_operation_input(operation, run, 1);
    work->depth = (size_t)operation->input->shape[operation->input->rank - 1];
    work->rows = (size_t)output->shape[output->rank - 2];
    work->columns = (size_t)output->shape[output->rank - 1];
    work->outer_rank = output->rank - 2;
    work->extents[0] = operation->batch;
    for (uint32_t axis = 1; axis < work->outer_rank; axis++) {
        work->extents[axis] = (size_t)output->shape[axis];
        matrices *= work->extents[axis];
    }
    mc_ref_find_strides(operation->input, output, 2, work->a_strides);
    mc_ref_find_strides(b, output, 2, work->b_strides);
    mc_parallel_for(run->parallel, matrices * work->rows, 1, do_rows, work);
}

static void run_mat_mul(const mc_operation *operation, const mc_run *run)
{
    mat_mul_work work = {.operation = operation, .a = run->inputs[0], .output = run->output};
    if (operation->weights.floats)
        mc_parallel_for(run->parallel,
                        operation->batch * mc_value_element_count(operation->input) /
                            operation->weights.depth,
                        1, do_weight_rows, &work);
    else
        run_batched(&work, run);
}

const mc_routine mc_ref_mat_mul = {"mc_ref_mat_mul", run_mat_mul, "one dot product an output"};
