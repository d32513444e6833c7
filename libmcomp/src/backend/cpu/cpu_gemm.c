/* A dense layer, or a MatMul of few rows by a constant: four outputs at a time, each weight read once for all rows of the
 * input. */
#include "base/context_struct.h"
#include "cpu_device.h"

enum { ROWS = 4 };

typedef struct gemm_work {
    const mc_operation *operation;
    const mc_run *run;
    mc_f32_dot_fn dot;
    size_t rows; /* of the input: images, or what a MatMul has beside them */
} gemm_work;

static size_t count_rows(const mcomp_graph *graph, const mc_node *node, size_t batch)
{
    const mc_value *output = &graph->values[node->output];
    return batch * mc_value_element_count(output) / (size_t)output->shape[output->rank - 1];
}

static void do_rows(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const gemm_work *work = user;
    const mc_operation *operation = work->operation;
    const mc_weights *weights = &operation->weights;
    const float *input = work->run->inputs[0];
    float *output = work->run->output;
    for (size_t row = begin * ROWS; row < end * ROWS && row < weights->outputs; row += ROWS) {
        size_t rows = weights->outputs - row < ROWS ? weights->outputs - row : ROWS;
        for (size_t image = 0; image < work->rows; image++) {
            float sums[ROWS];
            work->dot(weights->depth, weights->floats + row * weights->depth, rows,
                      input + image * weights->depth, sums);
            for (size_t r = 0; r < rows; r++)
                output[image * weights->outputs + row + r] = mc_activate(
                    &operation->node->params.activation, sums[r] + weights->bias[row + r]);
        }
    }
}

static void run_gemm(const mc_operation *operation, const mc_run *run)
{
    gemm_work work = {operation, run, mc_cpu_kernels_of(operation)->f32_dot->run,
                      count_rows(operation->graph, operation->node, operation->batch)};
    mc_parallel_for(run->parallel, (operation->weights.outputs + ROWS - 1) / ROWS, 4, do_rows,
                    &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    bool multiplies = mc_node_is(node, "MatMul") && mc_node_reads_weight(graph, node);
    return multiplies || (mc_node_is(node, "Gemm") && !mc_node_is_integer(graph, node));
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    size_t weight_count = mc_value_element_count(mc_node_input(request->graph, node, 1));
    bool vector = device->kernels.f32_dot->isa_bits != MC_ISA_NONE;
    candidate->kernel = device->kernels.f32_dot->name;
    candidate->weights_nbytes = weight_count * sizeof(float) + mc_operation_extra_nbytes(request);
    candidate->predicted_ns =
        mc_cpu_predict_ns(device, request, vector, weight_count * sizeof(float));
    if (mc_node_is(node, "MatMul")) /* against blocks of rows: every product loads both operands */
        candidate->predicted_ns *= 2;
    candidate->why = "four dot products at a time, weights read once";
}

const mc_cpu_implementation mc_cpu_gemm = {fits, describe, NULL, run_gemm};
