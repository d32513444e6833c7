/* Operators that make each element from the one in its place: one run, whatever the shape. */
#include <math.h>

#include "cpu_device.h"

static const struct {
    const char *op;
    mc_unary_function function;
} functions[] = {
    {"Relu", MC_UNARY_CLAMP},
    {"Clip", MC_UNARY_CLAMP},
    {"LeakyRelu", MC_UNARY_LEAKY},
    {"Sigmoid", MC_UNARY_SIGMOID},
    {"HardSigmoid", MC_UNARY_HARD_SIGMOID},
    {"HardSwish", MC_UNARY_HARD_SWISH},
};
enum { FUNCTION_COUNT = sizeof functions / sizeof *functions };

typedef struct unary_work {
    mc_f32_unary_fn *unary;
    mc_unary_function function;
    float p, q;
    const float *input;
    float *output;
} unary_work;

static void do_elements(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const unary_work *work = user;
    work->unary(work->function, work->p, work->q, end - begin, work->input + begin,
                work->output + begin);
}

static void run_unary(const mc_operation *operation, const mc_run *run)
{
    const mc_node_params *params = &operation->node->params;
    const mc_activation *activation = &params->activation;
    unary_work work = {
        .unary = mc_cpu_kernels_of(operation)->elementwise[MC_ELEMENTWISE_UNARY]->run.f32_unary,
        .p = params->alpha,
        .q = params->beta,
        .input = run->inputs[0],
        .output = run->output};
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (mc_node_is(operation->node, functions[i].op))
            work.function = functions[i].function;
    if (work.function == MC_UNARY_CLAMP) {
        work.p = activation->clamp ? activation->low : -INFINITY;
        work.q = activation->clamp ? activation->high : INFINITY;
    }
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    MC_CPU_ELEMENT_GRAIN, do_elements, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (mc_node_is(node, functions[i].op))
            return !mc_node_is_integer(graph, node);
    return false;
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_elementwise_kernel *kernel = device->kernels.elementwise[MC_ELEMENTWISE_UNARY];
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    "one run of elements, whatever the shape");
}

const mc_cpu_implementation mc_cpu_unary = {fits, describe, NULL, run_unary};
