/* Operators of two operands that broadcast to each other. Axes along which both operands move, or one
 * stands still, become one; what is left at the end is a run, which a kernel does at once. */
#include <math.h>

#include "backend/ref/ref_binary.h"
#include "cpu_device.h"

/* Elements of a run that one worker takes at once. */
#define CHUNK ((size_t)16384)

enum { OPERANDS = 2 };

/* Axes of the result, the batch's first, joined where that is possible. An operand's stride is 0 along
 * an axis that repeats it. */
typedef struct binary_axes {
    uint32_t rank; /* 1 at least */
    size_t extents[MCOMP_MAX_RANK];
    size_t strides[OPERANDS][MCOMP_MAX_RANK];
} binary_axes;

static const struct {
    const char *op;
    mc_binary_function function;
} functions[] = {
    {"Add", MC_BINARY_ADD}, {"Sub", MC_BINARY_SUB},     {"Mul", MC_BINARY_MUL},
    {"Div", MC_BINARY_DIV}, {"PRelu", MC_BINARY_PRELU},
};
enum { FUNCTION_COUNT = sizeof functions / sizeof *functions };

typedef struct binary_work {
    mc_f32_binary_fn *binary;
    mc_binary_function function;
    const float *operands[OPERANDS];
    float *output;
    float low, high;
    binary_axes axes;
    size_t run_count; /* elements of a run */
    size_t chunks;    /* of a run */
} binary_work;

static binary_axes find_axes(const mcomp_graph *graph, const mc_node *node, size_t batch)
{
    const mc_value *output = &graph->values[node->output];
    size_t strides[OPERANDS][MCOMP_MAX_RANK];
    for (uint32_t i = 0; i < OPERANDS; i++)
        mc_ref_find_strides(mc_node_input(graph, node, i), output, 0, strides[i]);
    binary_axes axes = {.rank = 0};
    for (uint32_t axis = 0; axis < output->rank; axis++) {
        size_t extent = axis == 0 ? batch : (size_t)output->shape[axis];
        if (extent == 1)
            continue;
        uint32_t last = axes.rank ? axes.rank - 1 : 0;
        bool joins = axes.rank > 0;
        for (int i = 0; i < OPERANDS; i++)
            joins = joins && axes.strides[i][last] == strides[i][axis] * extent;
        uint32_t to = joins ? last : axes.rank++;
        axes.extents[to] = joins ? axes.extents[to] * extent : extent;
        for (int i = 0; i < OPERANDS; i++)
            axes.strides[i][to] = strides[i][axis];
    }
    if (axes.rank == 0)
        axes = (binary_axes){.rank = 1, .extents = {1}, .strides = {{1}, {1}}};
    return axes;
}

static void do_runs(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const binary_work *work = user;
    const binary_axes *axes = &work->axes;
    for (size_t item = begin; item < end; item++) {
        size_t run = item / work->chunks, first = item % work->chunks * CHUNK, rest = run;
        size_t left = work->run_count - first;
        mc_binary_operand operands[OPERANDS];
        size_t places[OPERANDS] = {0};
        for (uint32_t axis = axes->rank - 1; axis-- > 0;) {
            size_t index = rest % axes->extents[axis];
            rest /= axes->extents[axis];
            for (int i = 0; i < OPERANDS; i++)
                places[i] += index * axes->strides[i][axis];
        }
        for (int i = 0; i < OPERANDS; i++) {
            size_t step = axes->strides[i][axes->rank - 1];
            operands[i] = (mc_binary_operand){work->operands[i] + places[i] + first * step, step};
        }
        work->binary(work->function, left < CHUNK ? left : CHUNK, &operands[0], &operands[1],
                     work->low, work->high, work->output + run * work->run_count + first);
    }
}

static void run_binary(const mc_operation *operation, const mc_run *run)
{
    const mc_activation *activation = &operation->node->params.activation;
    binary_work work = {
        .binary = mc_cpu_kernels_of(operation)->elementwise[MC_ELEMENTWISE_BINARY]->run.f32_binary,
        .output = run->output,
        .low = activation->clamp ? activation->low : -INFINITY,
        .high = activation->clamp ? activation->high : INFINITY,
        .axes = find_axes(operation->graph, operation->node, operation->batch)};
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (mc_node_is(operation->node, functions[i].op))
            work.function = functions[i].function;
    for (uint32_t i = 0; i < OPERANDS; i++)
        work.operands[i] = mc_operation_input(operation, run, i);
    size_t runs = 1;
    for (uint32_t axis = 0; axis + 1 < work.axes.rank; axis++)
        runs *= work.axes.extents[axis];
    work.run_count = work.axes.extents[work.axes.rank - 1];
    work.chunks = (work.run_count + CHUNK - 1) / CHUNK;
    mc_parallel_for(run->parallel, runs * work.chunks, MC_CPU_ELEMENT_GRAIN / work.run_count + 1,
                    do_runs, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (mc_node_is(node, functions[i].op))
            return !mc_node_is_integer(graph, node);
    return false;
}

/* Which form the runs have. */
static const char *say_runs(const binary_axes *axes)
{
    uint32_t last = axes->rank - 1;
    bool repeats = axes->strides[0][last] == 0 || axes->strides[1][last] == 0;
    if (last == 0)
        return repeats ? "one run, and one number for all of it" : "one run, shapes are equal";
    return repeats ? "runs of the inner axes, one number for each"
                   : "runs of the inner axes, the outer ones repeat an operand";
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    const mc_elementwise_kernel *kernel = device->kernels.elementwise[MC_ELEMENTWISE_BINARY];
    binary_axes axes = find_axes(request->graph, node, (size_t)request->batch);
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits, say_runs(&axes));
}

const mc_cpu_implementation mc_cpu_binary = {fits, describe, NULL, run_binary};
