/* Depth-wise convolution: each plane is copied into a padded one, then a kernel walks over it.
 *
 * Integer nodes take the same float kernel: with at most 258 taps every sum of products of 8-bit
 * differences is below 2^24 and so exact in float32, in any order. */
#include <math.h>
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "cpu_device.h"

#define MAX_EXACT_TAPS 258

/* A padded plane of a window far wider than the input would be mostly zeros: such nodes are left to
 * the columns of cpu_conv.c. */
#define MAX_PADDED_EXTENT ((int64_t)1 << 24)
#define MAX_PADDED_GROWTH 4
#define SMALL_PLANE       4096

/* Sums that leave a plane at once, on the stack. */
enum { MAX_INTEGERS = 256 };

typedef struct plane_padding {
    size_t height, width;  /**< of the padded plane */
    size_t scratch_nbytes; /**< a worker: the padded plane, its slack, a plane of sums */
} plane_padding;

/* Elements from the first to the last that windows along one axis reach, plus one. */
static int64_t padded_extent(size_t outputs, int32_t stride, int32_t kernel, int32_t dilation)
{
    return ((int64_t)outputs - 1) * stride + (int64_t)(kernel - 1) * dilation + 1;
}

static plane_padding measure_padding(const mc_window *window, mc_planes output)
{
    plane_padding padding;
    padding.height = (size_t)padded_extent(output.height, window->stride_h, window->kernel_h,
                                           window->dilation_h);
    padding.width =
        (size_t)padded_extent(output.width, window->stride_w, window->kernel_w, window->dilation_w);
    padding.scratch_nbytes =
        mc_round_up((padding.height * padding.width + MC_DEPTHWISE_SLACK) * sizeof(float),
                    MC_ALIGNMENT) +
        mc_round_up(output.height * output.width * sizeof(float), MC_ALIGNMENT);
    return padding;
}

typedef struct depthwise_work {
    const mc_operation *operation;
    const mc_run *run;
    const mc_cpu_kernels *kernels;
    mc_planes input, output;
    plane_padding padding;
    mc_depthwise_shape shape;
    mc_quantize_range range;
} depthwise_work;

/* The plane as floats (q - zero point), zeros around it; what the windows never reach is left out.
 */
static void pad_plane(const depthwise_work *work, size_t plane, float *padded)
{
    const mc_window *window = &work->operation->node->params.window;
    const mc_value *value = work->operation->input;
    size_t top = (size_t)window->pad_top, left = (size_t)window->pad_left;
    size_t rows = work->padding.height > top ? work->padding.height - top : 0;
    size_t columns = work->padding.width > left ? work->padding.width - left : 0;
    rows = rows < work->input.height ? rows : work->input.height;
    columns = columns < work->input.width ? columns : work->input.width;
    size_t at = plane * work->input.height * work->input.width;
    memset(padded, 0,
           (work->padding.height * work->padding.width + MC_DEPTHWISE_SLACK) * sizeof *padded);
    for (size_t y = 0; y < rows; y++) {
        float *to = padded + (top + y) * work->padding.width + left;
        size_t from = at + y * work->input.width;
        if (value->dtype == MCOMP_DTYPE_F32) {
            memcpy(to, (const float *)work->run->inputs[0] + from, columns * sizeof *to);
            continue;
        }
        const mc_quantize_operand row =
            mc_cpu_operand_of(value, (const uint8_t *)work->run->inputs[0] + from, 1);
        work->kernels->quantize[MC_QUANTIZE_DEQUANTIZE]->run.f32_dequantize(columns, &row, to);
    }
}

/* Integers that floats hold, to bytes. */
static void requantize_plane(const depthwise_work *work, size_t channel, const float *sums,
                             size_t count, uint8_t *output)
{
    const mc_weights *weights = &work->operation->weights;
    int32_t integers[MAX_INTEGERS];
    for (size_t done = 0; done < count; done += MAX_INTEGERS) {
        size_t now = count - done < MAX_INTEGERS ? count - done : MAX_INTEGERS;
        for (size_t i = 0; i < now; i++)
            integers[i] = (int32_t)sums[done + i];
        work->kernels->quantize[MC_QUANTIZE_SUMS]->run.s32_requantize(
            now, integers, &weights->integer_bias[channel], &weights->multipliers[channel], 0,
            &work->range, output + done);
    }
}

static void do_planes(void *user, size_t begin, size_t end, size_t worker)
{
    const depthwise_work *work = user;
    const mc_operation *operation = work->operation;
    const mc_activation *activation = &operation->node->params.activation;
    const float *taps = operation->packed;
    bool integer = operation->weights.are_integers;
    size_t pixels = work->output.height * work->output.width;
    float *padded =
        (float *)(void *)((char *)work->run->workspace + worker * work->padding.scratch_nbytes);
    float *sums = (float *)(void *)((char *)padded + work->padding.scratch_nbytes -
                                    mc_round_up(pixels * sizeof(float), MC_ALIGNMENT));
    for (size_t plane = begin; plane < end; plane++) {
        size_t channel = plane % work->output.channels;
        const float *weights = taps + channel * operation->weights.depth;
        pad_plane(work, plane, padded);
        if (!integer) {
            work->kernels->f32_depthwise->run(&work->shape, padded, weights,
                                              operation->weights.bias[channel],
                                              activation->clamp ? activation->low : -INFINITY,
                                              activation->clamp ? activation->high : INFINITY,
                                              (float *)work->run->output + plane * pixels);
            continue;
        }
        work->kernels->f32_depthwise->run(&work->shape, padded, weights, 0, -INFINITY, INFINITY,
                                          sums);
        uint8_t *out = (uint8_t *)work->run->output + plane * pixels;
        requantize_plane(work, channel, sums, pixels, out);
    }
}

static void run_depthwise(const mc_operation *operation, const mc_run *run)
{
    const mc_window *window = &operation->node->params.window;
    depthwise_work work = {.operation = operation,
                           .run = run,
                           .kernels = mc_cpu_kernels_of(operation),
                           .input = mc_planes_of(operation->input),
                           .output = mc_planes_of(operation->output),
                           .range = mc_cpu_range_of(operation)};
    work.padding = measure_padding(window, work.output);
    work.shape = (mc_depthwise_shape){.padded_width = work.padding.width,
                                      .output_height = work.output.height,
                                      .output_width = work.output.width,
                                      .kernel_h = window->kernel_h,
                                      .kernel_w = window->kernel_w,
                                      .stride_h = window->stride_h,
                                      .stride_w = window->stride_w,
                                      .dilation_h = window->dilation_h,
                                      .dilation_w = window->dilation_w};
    mc_parallel_for(run->parallel, operation->batch * work.output.channels, 1, do_planes, &work);
}

static bool is_plane_small(const mcomp_graph *graph, const mc_node *node)
{
    const mc_window *window = &node->params.window;
    mc_planes input = mc_planes_of(mc_node_input(graph, node, 0));
    mc_planes output = mc_planes_of(&graph->values[node->output]);
    int64_t height =
        padded_extent(output.height, window->stride_h, window->kernel_h, window->dilation_h);
    int64_t width =
        padded_extent(output.width, window->stride_w, window->kernel_w, window->dilation_w);
    size_t planes = input.height * input.width + output.height * output.width;
    return height <= MAX_PADDED_EXTENT && width <= MAX_PADDED_EXTENT &&
           (size_t)(height * width) <= MAX_PADDED_GROWTH * planes + SMALL_PLANE;
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    if (!mc_node_is(node, "Conv") || !mc_node_is_depthwise(graph, node) || node->input_count > 3)
        return false;
    const mc_value *weight = mc_node_input(graph, node, 1);
    const mc_value *input = mc_node_input(graph, node, 0);
    bool one_each = weight->shape[0] == input->shape[1];
    bool exact =
        node->params.window.kernel_h * (int64_t)node->params.window.kernel_w <= MAX_EXACT_TAPS;
    return one_each && (exact || !mc_node_is_integer(graph, node)) && is_plane_small(graph, node);
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    mc_planes output = mc_planes_of(&request->graph->values[node->output]);
    plane_padding padding = measure_padding(&node->params.window, output);
    size_t weight_count = mc_value_element_count(mc_node_input(request->graph, node, 1));
    bool vector = device->kernels.f32_depthwise->isa_bits != MC_ISA_NONE;
    candidate->kernel = device->kernels.f32_depthwise->name;
    candidate->workspace_nbytes = padding.scratch_nbytes * device->device.context->threads;
    candidate->weights_nbytes = weight_count * sizeof(float) + mc_operation_extra_nbytes(request);
    candidate->predicted_ns = mc_cpu_predict_ns(
        device, request, vector, (size_t)request->batch * output.channels * padding.scratch_nbytes);
    candidate->why = "depth-wise: plane by plane, no columns to pack";
}

static mcomp_status pack(const mc_cpu_device *device, mc_operation *operation)
{
    (void)device;
    mc_weights *weights = &operation->weights;
    size_t count = weights->outputs * weights->depth;
    float *taps = mc_alloc_array(operation->context, count, sizeof *taps);
    if (!taps)
        return mc_fail_memory(count * sizeof *taps);
    for (size_t i = 0; i < count; i++)
        taps[i] = weights->are_integers ? (float)weights->integers[i] : weights->floats[i];
    operation->packed = taps;
    mc_operation_drop_weights(operation);
    return MCOMP_OK;
}

const mc_cpu_implementation mc_cpu_depthwise = {fits, describe, pack, run_depthwise};
