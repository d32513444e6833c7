#include "cpu_device.h"

#include <stdio.h>

#include "backend/ref/ref_device.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "tensor/tensor_struct.h"

/* Own implementations, the most special first. What none of them fits runs the reference's routine.
 */
static const mc_cpu_implementation *const implementations[] = {
    &mc_cpu_depthwise, &mc_cpu_conv,        &mc_cpu_gemm,
    &mc_cpu_pool,      &mc_cpu_global_pool, &mc_cpu_quantize,
    &mc_cpu_binary,    &mc_cpu_unary,       &mc_cpu_batch_normalization,
    &mc_cpu_softmax,   &mc_cpu_reduce_mean, &mc_cpu_lrn,
    &mc_cpu_move,      &mc_cpu_integer_dot, &mc_cpu_mat_mul};
enum {
    IMPLEMENTATION_COUNT = sizeof implementations / sizeof *implementations,
    REFERENCE_TAG = IMPLEMENTATION_COUNT
};

double mc_cpu_predict_ns(const mc_cpu_device *device, const mc_request *request, bool vector,
                         size_t touched_nbytes)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    double macs = (double)node->macs * (double)request->batch;
    double ns = macs * (vector ? MC_CPU_NS_PER_VECTOR_MAC : MC_CPU_NS_PER_SCALAR_MAC) +
                (double)touched_nbytes * MC_CPU_NS_PER_BYTE;
    return ns / device->device.context->threads;
}

size_t mc_cpu_touched_nbytes(const mc_request *request)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    size_t nbytes = 0;
    for (uint32_t i = 0; i <= node->input_count; i++) {
        const mc_value *value = i < node->input_count ? mc_node_input(request->graph, node, i)
                                                      : &request->graph->values[node->output];
        if (value && !value->constant)
            nbytes += mc_value_element_count(value) * mc_dtype_nbytes(value->dtype);
    }
    return nbytes * (size_t)request->batch;
}

void mc_cpu_describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate, const char *kernel, uint32_t isa_bits,
                     const char *why)
{
    candidate->kernel = kernel;
    candidate->why = why;
    candidate->weights_nbytes = mc_operation_extra_nbytes(request);
    candidate->predicted_ns =
        mc_cpu_predict_ns(device, request, isa_bits != MC_ISA_NONE, mc_cpu_touched_nbytes(request));
}

mc_quantize_range mc_cpu_range_of(const mc_operation *operation)
{
    mc_requantize to = mc_requantize_of(operation);
    return (mc_quantize_range){to.low, to.high, to.zero_point};
}

mc_quantize_operand mc_cpu_operand_of(const mc_value *value, const void *elements, float multiplier)
{
    return (mc_quantize_operand){.elements = elements,
                                 .is_signed = value->dtype == MCOMP_DTYPE_S8,
                                 .zero_point = value->zero_point,
                                 .multiplier = multiplier};
}

static void describe_reference(const mc_cpu_device *device, const mc_request *request,
                               mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    const mc_routine *routine = mc_ref_routine(node);
    const mc_value *weight =
        mc_node_reads_weight(request->graph, node) ? mc_node_input(request->graph, node, 1) : NULL;
    candidate->kernel = routine->kernel;
    candidate->why = "the reference's routine: no special kernel for this node";
    candidate->predicted_ns =
        mc_cpu_predict_ns(device, request, false, mc_cpu_touched_nbytes(request));
    size_t weight_nbytes =
        mc_node_is_integer(request->graph, node) ? sizeof(int16_t) : sizeof(float);
    candidate->weights_nbytes = (weight ? mc_value_element_count(weight) * weight_nbytes : 0) +
                                mc_operation_extra_nbytes(request);
}

static mcomp_status list_candidates(mc_device *device, const mc_request *request,
                                    mc_candidate *candidates, size_t capacity, size_t *count,
                                    char *reason, size_t reason_capacity)
{
    const mc_cpu_device *cpu = (const mc_cpu_device *)device;
    const mc_node *node = &request->graph->nodes[request->node_index];
    *count = 0;
    if (!mc_operation_possible(request, reason, reason_capacity))
        return MCOMP_OK;
    const mc_candidate common = {
        .arithmetic = mc_node_is_integer(request->graph, node) ? "int8" : "f32",
        .layout = "NCHW",
        .decoding = mc_node_reads_weight(request->graph, node) ? "at load" : "none"};
    for (int i = 0; i < IMPLEMENTATION_COUNT && *count < capacity; i++) {
        if (!implementations[i]->fits(request->graph, node))
            continue;
        mc_candidate *candidate = &candidates[(*count)++];
        *candidate = common;
        candidate->tag = i;
        implementations[i]->describe(cpu, request, candidate);
    }
    if (*count == 0) {
        candidates[0] = common;
        candidates[0].tag = REFERENCE_TAG;
        describe_reference(cpu, request, &candidates[0]);
        *count = 1;
    }
    return MCOMP_OK;
}

static mcomp_status prepare(mc_device *device, const mc_request *request,
                            const mc_candidate *candidate, mc_operation **out)
{
    mc_operation *operation = NULL;
    MC_TRY(mc_operation_create(device->context, request, &operation));
    if (candidate->tag == REFERENCE_TAG) {
        operation->run = mc_ref_routine(operation->node)->run;
    } else {
        const mc_cpu_implementation *implementation = implementations[candidate->tag];
        operation->run = implementation->run;
        operation->device = device;
        mcomp_status status = implementation->pack
                                  ? implementation->pack((const mc_cpu_device *)device, operation)
                                  : MCOMP_OK;
        if (status != MCOMP_OK) {
            mc_operation_destroy(operation);
            return status;
        }
    }
    *out = operation;
    return MCOMP_OK;
}

mc_cpu_kernels mc_cpu_kernels_choose(uint32_t isa_bits)
{
    mc_cpu_kernels kernels = {.f32_gemm = mc_f32_gemm_choose(isa_bits),
                              .s16_gemm = mc_s16_gemm_choose(isa_bits),
                              .s8_gemm = mc_s8_gemm_choose(isa_bits),
                              .f32_depthwise = mc_f32_depthwise_choose(isa_bits),
                              .f32_dot = mc_f32_dot_choose(isa_bits)};
    for (int kind = 0; kind < MC_ELEMENTWISE_KIND_COUNT; kind++)
        kernels.elementwise[kind] = mc_elementwise_choose((mc_elementwise_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_INTEGER_DOT_KIND_COUNT; kind++)
        kernels.integer_dot[kind] = mc_integer_dot_choose((mc_integer_dot_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_LRN_KIND_COUNT; kind++)
        kernels.lrn[kind] = mc_lrn_choose((mc_lrn_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_MOVE_KIND_COUNT; kind++)
        kernels.move[kind] = mc_move_choose((mc_move_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_POOL_KIND_COUNT; kind++)
        kernels.pool[kind] = mc_pool_choose((mc_pool_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_QUANTIZE_KIND_COUNT; kind++)
        kernels.quantize[kind] = mc_quantize_choose((mc_quantize_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_REDUCE_KIND_COUNT; kind++)
        kernels.reduce[kind] = mc_reduce_choose((mc_reduce_kind)kind, isa_bits);
    for (int kind = 0; kind < MC_SOFTMAX_KIND_COUNT; kind++)
        kernels.softmax[kind] = mc_softmax_choose((mc_softmax_kind)kind, isa_bits);
    return kernels;
}

const mc_cpu_kernels *mc_cpu_kernels_of(const mc_operation *operation)
{
    return &((const mc_cpu_device *)operation->device)->kernels;
}

static void run_operation(const mc_operation *operation, const mc_run *run)
{
    operation->run(operation, run);
}

static void end_operation(mc_device *device, mc_operation *operation)
{
    (void)device;
    mc_operation_destroy(operation);
}

static void close_device(mc_device *device)
{
    mc_free(device->context, device);
}

mcomp_status mc_cpu_device_open(mcomp_context *context, mc_device **out)
{
    static const mc_device_ops ops = {list_candidates, prepare, run_operation, end_operation,
                                      close_device};
    mc_cpu_device *cpu = mc_alloc_zero(context, sizeof *cpu);
    if (!cpu)
        return mc_fail_memory(sizeof *cpu);
    snprintf(cpu->detail, sizeof cpu->detail, "%s, %u threads", mc_isa_name(context->isa_bits),
             context->threads);
    cpu->kernels = mc_cpu_kernels_choose(context->isa_bits);
    cpu->device = (mc_device){.ops = &ops,
                              .context = context,
                              .id = "cpu",
                              .kind = "cpu",
                              .name = context->cpu_name,
                              .detail = cpu->detail,
                              .available = true,
                              .reason = ""};
    *out = &cpu->device;
    return MCOMP_OK;
}
