/* Operators that move elements: Concat, Slice, Transpose, and Pad with a constant. */
#include <string.h>

#include "cpu_copy.h"
#include "tensor/tensor_struct.h"

/* Strides of a value's axes in elements, the batch's included. */
static void find_strides(const mc_value *value, size_t *strides)
{
    size_t stride = 1;
    for (uint32_t axis = value->rank; axis-- > 0;) {
        strides[axis] = stride;
        stride *= axis ? (size_t)value->shape[axis] : 1;
    }
}

/* The box of the output that one input fills. */
static mc_cpu_copy find_copy(const mcomp_graph *graph, const mc_node *node, size_t batch,
                             uint32_t index)
{
    const mc_node_params *params = &node->params;
    const mc_value *input = mc_node_input(graph, node, index);
    const mc_value *output = &graph->values[node->output];
    bool pads = mc_node_is(node, "Pad"), slices = mc_node_is(node, "Slice");
    bool turns = mc_node_is(node, "Transpose");
    size_t from[MCOMP_MAX_RANK], to[MCOMP_MAX_RANK];
    find_strides(input, from);
    find_strides(output, to);
    mc_cpu_copy copy = {.rank = output->rank, .element_nbytes = mc_dtype_nbytes(output->dtype)};
    for (uint32_t axis = 0; axis < output->rank; axis++) {
        uint32_t source = turns && axis ? (uint32_t)params->perm[axis] : axis;
        const mc_value *box = slices ? output : input; /* the smaller of the two */
        copy.extents[axis] = axis ? (size_t)box->shape[source] : batch;
        copy.from[axis] = (ptrdiff_t)from[source];
        copy.to[axis] = to[axis];
        if (axis && slices) {
            copy.from_offset += (ptrdiff_t)params->begin[axis] * copy.from[axis];
            copy.from[axis] *= (ptrdiff_t)params->step[axis];
        } else if (axis && pads) {
            copy.to_offset += (size_t)params->begin[axis] * to[axis];
        }
    }
    if (mc_node_is(node, "Concat"))
        for (uint32_t i = 0; i < index; i++)
            copy.to_offset +=
                (size_t)mc_node_input(graph, node, i)->shape[params->axis] * to[params->axis];
    mc_cpu_copy_join(&copy);
    return copy;
}

/* Is an input of a Concat at another scale than the output? */
static bool is_rescaled(const mc_value *input, const mc_value *output)
{
    return input->dtype != output->dtype || input->scale != output->scale ||
           input->zero_point != output->zero_point;
}

typedef struct fill_work {
    char *output;
    size_t element_nbytes;
    float value;
    uint8_t byte;
} fill_work;

static void do_fill(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const fill_work *work = user;
    if (work->element_nbytes == 1) {
        memset(work->output + begin, work->byte, end - begin);
        return;
    }
    for (size_t i = begin; i < end; i++)
        ((float *)(void *)work->output)[i] = work->value;
}

static void fill(const mc_operation *operation, const mc_run *run)
{
    const mc_value *output = operation->output;
    fill_work work = {.output = run->output,
                      .element_nbytes = mc_dtype_nbytes(output->dtype),
                      .value = operation->node->params.pad_value};
    if (output->dtype != MCOMP_DTYPE_F32) {
        mc_quantize_range range = mc_cpu_range_of(operation);
        work.byte = mc_quantize_one(&range, work.value / output->scale);
    }
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(output),
                    MC_CPU_ELEMENT_GRAIN, do_fill, &work);
}

static void run_move(const mc_operation *operation, const mc_run *run)
{
    const mc_node *node = operation->node;
    const mc_cpu_kernels *kernels = mc_cpu_kernels_of(operation);
    bool concats = mc_node_is(node, "Concat");
    if (mc_node_is(node, "Pad"))
        fill(operation, run);
    for (uint32_t i = 0; i < (concats ? node->input_count : 1); i++) {
        const mc_value *input = mc_node_input(operation->graph, node, i);
        const mc_cpu_copy copy = find_copy(operation->graph, node, operation->batch, i);
        mc_cpu_copy_rescale rescale;
        bool rescales = concats && is_rescaled(input, operation->output);
        if (rescales)
            rescale = (mc_cpu_copy_rescale){
                kernels->quantize[MC_QUANTIZE_RESCALE]->run.u8_rescale,
                mc_cpu_operand_of(input, NULL,
                                  (float)((double)input->scale / (double)operation->output->scale)),
                mc_cpu_range_of(operation)};
        mc_cpu_copy_run(&copy, kernels, run->parallel, mc_operation_input(operation, run, i),
                        run->output, rescales ? &rescale : NULL);
    }
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "Concat") || mc_node_is(node, "Slice") ||
           mc_node_is(node, "Transpose") ||
           (mc_node_is(node, "Pad") && node->params.pad_mode == MC_PAD_CONSTANT);
}

static const char *say_form(mc_cpu_copy_form form)
{
    switch (form) {
    case MC_CPU_COPY_RUNS:
        return "runs of elements that lie behind each other in both";
    case MC_CPU_COPY_TURNED:
        return "matrices turned square by square";
    default:
        return "elements one by one: they lie apart in the input";
    }
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    const mc_value *output = &request->graph->values[node->output];
    const mc_cpu_copy copy = find_copy(request->graph, node, (size_t)request->batch, 0);
    uint32_t isa_bits;
    const char *kernel = mc_cpu_copy_kernel(&device->kernels, &copy, &isa_bits);
    const char *why = say_form(mc_cpu_copy_form_of(&copy));
    for (uint32_t i = 0; mc_node_is(node, "Concat") && i < node->input_count; i++)
        if (is_rescaled(mc_node_input(request->graph, node, i), output)) {
            kernel = device->kernels.quantize[MC_QUANTIZE_RESCALE]->name;
            isa_bits = device->kernels.quantize[MC_QUANTIZE_RESCALE]->isa_bits;
            why = "runs of elements, brought to the output's scale where the input has another";
        }
    mc_cpu_describe(device, request, candidate, kernel, isa_bits, why);
}

const mc_cpu_implementation mc_cpu_move = {fits, describe, NULL, run_move};
