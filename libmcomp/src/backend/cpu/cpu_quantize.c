/* QuantizeLinear, DequantizeLinear and Add of integers: elements one by one, whatever the shape. */
#include "cpu_device.h"

typedef struct quantize_work {
    const mc_operation *operation;
    const mc_run *run;
    const mc_cpu_kernels *kernels;
    mc_quantize_range range;
} quantize_work;

static void do_quantize(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const quantize_work *work = user;
    work->kernels->quantize[MC_QUANTIZE_F32]->run.f32_quantize(
        end - begin, (const float *)work->run->inputs[0] + begin, work->operation->output->scale,
        &work->range, (uint8_t *)work->run->output + begin);
}

static void do_dequantize(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const quantize_work *work = user;
    const mc_value *value = work->operation->input;
    const mc_quantize_operand operand =
        mc_cpu_operand_of(value, (const uint8_t *)work->run->inputs[0] + begin, value->scale);
    work->kernels->quantize[MC_QUANTIZE_DEQUANTIZE]->run.f32_dequantize(
        end - begin, &operand, (float *)work->run->output + begin);
}

static void do_add(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const quantize_work *work = user;
    const mc_operation *operation = work->operation;
    mc_quantize_operand operands[2];
    for (uint32_t i = 0; i < 2; i++) {
        const mc_value *value = mc_node_input(operation->graph, operation->node, i);
        operands[i] =
            mc_cpu_operand_of(value, (const uint8_t *)work->run->inputs[i] + begin,
                              (float)((double)value->scale / (double)operation->output->scale));
    }
    work->kernels->quantize[MC_QUANTIZE_ADD]->run.u8_add(end - begin, &operands[0], &operands[1],
                                                         &work->range,
                                                         (uint8_t *)work->run->output + begin);
}

static void run_quantize(const mc_operation *operation, const mc_run *run)
{
    quantize_work work = {
        .operation = operation, .run = run, .kernels = mc_cpu_kernels_of(operation)};
    mc_work_fn do_elements = do_add;
    if (mc_node_is(operation->node, "QuantizeLinear"))
        do_elements = do_quantize;
    else if (mc_node_is(operation->node, "DequantizeLinear"))
        do_elements = do_dequantize;
    if (do_elements != do_dequantize)
        work.range = mc_cpu_range_of(operation);
    mc_parallel_for(run->parallel, operation->batch * mc_value_element_count(operation->output),
                    MC_CPU_ELEMENT_GRAIN, do_elements, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_is(node, "QuantizeLinear") || mc_node_is(node, "DequantizeLinear") ||
           (mc_node_is(node, "Add") && mc_node_is_integer(graph, node));
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    mc_quantize_kind kind = MC_QUANTIZE_ADD;
    if (mc_node_is(node, "QuantizeLinear"))
        kind = MC_QUANTIZE_F32;
    else if (mc_node_is(node, "DequantizeLinear"))
        kind = MC_QUANTIZE_DEQUANTIZE;
    const mc_quantize_kernel *kernel = device->kernels.quantize[kind];
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    "one run of elements, rounded and clamped in its lanes");
}

const mc_cpu_implementation mc_cpu_quantize = {fits, describe, NULL, run_quantize};
