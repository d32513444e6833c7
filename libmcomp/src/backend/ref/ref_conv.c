#include "ref_device.h"

/* One output element's window: where the input begins, as signed positions that may lie in the
 * padding. */
typedef struct tap_origin {
    int64_t row, column;
} tap_origin;

typedef struct conv_work {
    const mc_operation *operation;
    const mc_run *run;
    mc_planes input, output;
    size_t group_inputs, group_outputs; /**< channels a group */
} conv_work;

static double float_sum(const conv_work *work, size_t image, size_t channel, tap_origin origin)
{
    const mc_window *window = &work->operation->node->params.window;
    const float *weights =
        work->operation->weights.floats + channel * work->operation->weights.depth;
    const float *input = work->run->inputs[0];
    size_t first = channel / work->group_outputs * work->group_inputs;
    double sum = 0;
    for (size_t c = 0; c < work->group_inputs; c++) {
        const float *plane = input + (image * work->input.channels + first + c) *
                                         work->input.height * work->input.width;
        for (int32_t ky = 0; ky < window->kernel_h; ky++) {
            int64_t y = origin.row + (int64_t)ky * window->dilation_h;
            for (int32_t kx = 0; kx < window->kernel_w; kx++, weights++) {
                int64_t x = origin.column + (int64_t)kx * window->dilation_w;
                if (y >= 0 && y < (int64_t)work->input.height && x >= 0 &&
                    x < (int64_t)work->input.width)
                    sum +=
                        (double)*weights * (double)plane[(size_t)y * work->input.width + (size_t)x];
            }
        }
    }
    return sum;
}

static int32_t integer_sum(const conv_work *work, size_t image, size_t channel, tap_origin origin)
{
    const mc_window *window = &work->operation->node->params.window;
    const mc_value *value = work->operation->input;
    const int16_t *weights =
        work->operation->weights.integers + channel * work->operation->weights.depth;
    size_t first = channel / work->group_outputs * work->group_inputs;
    int32_t sum = 0;
    for (size_t c = 0; c < work->group_inputs; c++) {
        size_t plane =
            (image * work->input.channels + first + c) * work->input.height * work->input.width;
        for (int32_t ky = 0; ky < window->kernel_h; ky++) {
            int64_t y = origin.row + (int64_t)ky * window->dilation_h;
            for (int32_t kx = 0; kx < window->kernel_w; kx++, weights++) {
                int64_t x = origin.column + (int64_t)kx * window->dilation_w;
                if (y >= 0 && y < (int64_t)work->input.height && x >= 0 &&
                    x < (int64_t)work->input.width)
                    sum += *weights *
                           (mc_quantized_at(work->run->inputs[0], value->dtype,
                                            plane + (size_t)y * work->input.width + (size_t)x) -
                            value->zero_point);
            }
        }
    }
    return sum;
}

static void do_channels(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const conv_work *work = user;
    const mc_operation *operation = work->operation;
    const mc_node_params *params = &operation->node->params;
    bool integer = operation->weights.are_integers;
    const float *residual =
        operation->node->input_count > 3 ? mc_operation_input(operation, work->run, 3) : NULL;
    mc_requantize to = mc_requantize_of(operation);
    for (size_t item = begin; item < end; item++) {
        size_t image = item / work->output.channels, channel = item % work->output.channels;
        size_t index = item * work->output.height * work->output.width;
        for (size_t y = 0; y < work->output.height; y++) {
            for (size_t x = 0; x < work->output.width; x++, index++) {
                tap_origin origin = {(int64_t)y * params->window.stride_h - params->window.pad_top,
                                     (int64_t)x * params->window.stride_w -
                                         params->window.pad_left};
                if (integer) {
                    ((uint8_t *)work->run->output)[index] =
                        mc_requantize_sum(&to, integer_sum(work, image, channel, origin),
                                          operation->weights.integer_bias[channel],
                                          operation->weights.multipliers[channel]);
                    continue;
                }
                double sum = float_sum(work, image, channel, origin) +
                             (double)operation->weights.bias[channel] +
                             (residual ? (double)residual[index] : 0);
                ((float *)work->run->output)[index] = mc_activate(&params->activation, (float)sum);
            }
        }
    }
}

static void run_conv(const mc_operation *operation, const mc_run *run)
{
    conv_work work = {.operation = operation,
                      .run = run,
                      .input = mc_planes_of(operation->input),
                      .output = mc_planes_of(operation->output)};
    size_t groups = (size_t)operation->node->params.group;
    work.group_inputs = work.input.channels / groups;
    work.group_outputs = work.output.channels / groups;
    mc_parallel_for(run->parallel, operation->batch * work.output.channels, 1, do_channels, &work);
}

const mc_routine mc_ref_conv = {"mc_ref_conv", run_conv, "direct sum over the window"};
