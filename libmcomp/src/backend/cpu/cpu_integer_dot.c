/* A dense layer in integers: dot products of the weights as they lie, read once for all images of the batch. */
#include "base/context_struct.h"
#include "cpu_device.h"

enum { ROWS = MC_INTEGER_DOT_ROWS };

typedef struct dot_work {
    const mc_operation *operation;
    mc_s16_dot_fn *dot;
    mc_s32_requantize_fn *requantize;
    mc_quantize_range range;
    const int16_t *images; /* differences from the zero point */
    uint8_t *output;
} dot_work;

/* Each item is ROWS outputs. */
static void do_rows(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const dot_work *work = user;
    const mc_weights *weights = &work->operation->weights;
    for (size_t first = begin * ROWS; first < end * ROWS && first < weights->outputs;
         first += ROWS) {
        size_t left = weights->outputs - first, rows = left < ROWS ? left : ROWS;
        for (size_t image = 0; image < work->operation->batch; image++) {
            int32_t sums[ROWS];
            work->dot(weights->depth, weights->integers + first * weights->depth, rows,
                      work->images + image * weights->depth, sums);
            work->requantize(rows, sums, weights->integer_bias + first,
                             weights->multipliers + first, 1, &work->range,
                             work->output + image * weights->outputs + first);
        }
    }
}

static void run_dot(const mc_operation *operation, const mc_run *run)
{
    const mc_cpu_kernels *kernels = mc_cpu_kernels_of(operation);
    const mc_value *value = operation->input;
    int16_t *images = run->workspace;
    dot_work work = {.operation = operation,
                     .dot = kernels->integer_dot[MC_INTEGER_DOT_S16]->run.s16_dot,
                     .requantize = kernels->quantize[MC_QUANTIZE_SUMS]->run.s32_requantize,
                     .range = mc_cpu_range_of(operation),
                     .images = images,
                     .output = run->output};
    for (size_t i = 0; i < operation->batch * operation->weights.depth; i++)
        images[i] = (int16_t)(mc_quantized_at(run->inputs[0], value->dtype, i) - value->zero_point);
    mc_parallel_for(run->parallel, (operation->weights.outputs + ROWS - 1) / ROWS, 4, do_rows,
                    &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_is(node, "Gemm") && mc_node_is_integer(graph, node);
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mcomp_graph *graph = request->graph;
    const mc_node *node = &graph->nodes[request->node_index];
    const mc_integer_dot_kernel *kernel = device->kernels.integer_dot[MC_INTEGER_DOT_S16];
    size_t weight_nbytes = mc_value_element_count(mc_node_input(graph, node, 1)) * sizeof(int16_t);
    candidate->kernel = kernel->name;
    candidate->workspace_nbytes = (size_t)request->batch *
                                  mc_value_element_count(mc_node_input(graph, node, 0)) *
                                  sizeof(int16_t);
    candidate->weights_nbytes = weight_nbytes + mc_operation_extra_nbytes(request);
    candidate->predicted_ns =
        mc_cpu_predict_ns(device, request, kernel->isa_bits != MC_ISA_NONE, weight_nbytes);
    candidate->why = "four dot products at a time, weights read once";
}

const mc_cpu_implementation mc_cpu_integer_dot = {fits, describe, NULL, run_dot};
