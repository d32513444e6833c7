#include "op_window.h"

#include <string.h>

#include "attributes.h"
#include "base/status.h"

/* One of the two axes. */
typedef struct window_axis {
    int64_t extent; /* of the input */
    int64_t kernel;
    int64_t stride;
    int64_t dilation;
    int64_t before; /* padding */
    int64_t after;
} window_axis;

/* How auto_pad says that padding is found. */
typedef enum auto_pad { PAD_NOTSET, PAD_VALID, PAD_SAME_UPPER, PAD_SAME_LOWER } auto_pad;

static mcomp_status parse_auto_pad(const mc_node *node, auto_pad *out)
{
    static const char *const words[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    const char *text = "NOTSET";
    MC_TRY(mc_attribute_text(node, "auto_pad", &text));
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = (auto_pad)i;
            return MCOMP_OK;
        }
    }
    MC_FAIL(MCOMP_ERR_INVALID_ARGUMENT,
            "node %s: auto_pad is %s, not NOTSET, VALID, SAME_UPPER or SAME_LOWER", node->name,
            text);
}

/* Pads so that there is an output for every stride-th input. */
static void pad_same(window_axis *axis, bool upper)
{
    int64_t span = (axis->kernel - 1) * axis->dilation + 1;
    int64_t out = (axis->extent + axis->stride - 1) / axis->stride;
    int64_t total = (out - 1) * axis->stride + span - axis->extent;
    if (total < 0)
        total = 0;
    axis->before = upper ? total / 2 : total - total / 2;
    axis->after = total - axis->before;
}

/* Numbers are below 2^31, so that nothing here exceeds 2^63. */
static int64_t output_extent(const window_axis *axis, bool ceil_mode)
{
    int64_t span = (axis->kernel - 1) * axis->dilation + 1;
    int64_t room = axis->extent + axis->before + axis->after - span;
    if (room < 0)
        return 0;
    int64_t out = room / axis->stride + 1;
    /* One window more where some elements are left, if it begins before the padding at the end. */
    if (ceil_mode && room % axis->stride != 0 && out * axis->stride < axis->extent + axis->before)
        out++;
    return out;
}

static mcomp_status infer_axis(const mc_node *node, const char *name, window_axis *axis,
                               auto_pad padding, bool is_pool, int64_t *out)
{
    int64_t span = (axis->kernel - 1) * axis->dilation + 1;
    if (padding == PAD_SAME_UPPER || padding == PAD_SAME_LOWER)
        pad_same(axis, padding == PAD_SAME_UPPER);
    MC_REQUIRE(axis->before <= INT32_MAX && axis->after <= INT32_MAX, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: padding of %s is above 2^31 - 1", node->name, name);
    MC_REQUIRE(!is_pool || (axis->before < span && axis->after < span), MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: padding [%lld, %lld] of %s is not smaller than the window of %lld",
               node->name, (long long)axis->before, (long long)axis->after, name, (long long)span);
    *out = output_extent(axis, node->params.ceil_mode);
    MC_REQUIRE(
        *out > 0 && *out <= INT32_MAX, MCOMP_ERR_SHAPE,
        "node %s: %s of %lld with kernel %lld, stride %lld, dilation %lld, padding [%lld, %lld] "
        "gives an output of %lld",
        node->name, name, (long long)axis->extent, (long long)axis->kernel, (long long)axis->stride,
        (long long)axis->dilation, (long long)axis->before, (long long)axis->after,
        (long long)*out);
    return MCOMP_OK;
}

mcomp_status mc_window_infer(mc_node *node, const mc_value *input, bool is_pool, mc_value *output)
{
    mc_window *window = &node->params.window;
    int32_t kernel[2] = {window->kernel_h, window->kernel_w};
    int32_t strides[2] = {1, 1}, dilations[2] = {1, 1}, pads[4] = {0, 0, 0, 0};
    MC_TRY(mc_attribute_integers(node, "kernel_shape", 2, 1, INT32_MAX, kernel));
    MC_REQUIRE(kernel[0] > 0, MCOMP_ERR_INVALID_ARGUMENT, "node %s: kernel_shape is missing",
               node->name);
    MC_REQUIRE(window->kernel_h == 0 ||
                   (kernel[0] == window->kernel_h && kernel[1] == window->kernel_w),
               MCOMP_ERR_SHAPE, "node %s: kernel_shape is [%d, %d], the weight's is [%d, %d]",
               node->name, kernel[0], kernel[1], window->kernel_h, window->kernel_w);
    MC_TRY(mc_attribute_integers(node, "strides", 2, 1, INT32_MAX, strides));
    MC_TRY(mc_attribute_integers(node, "dilations", 2, 1, INT32_MAX, dilations));
    MC_TRY(mc_attribute_integers(node, "pads", 4, 0, INT32_MAX, pads));
    auto_pad padding = PAD_NOTSET;
    MC_TRY(parse_auto_pad(node, &padding));
    MC_REQUIRE(padding == PAD_NOTSET || (pads[0] | pads[1] | pads[2] | pads[3]) == 0,
               MCOMP_ERR_INVALID_ARGUMENT, "node %s: has both pads and auto_pad", node->name);
    window_axis h = {input->shape[2], kernel[0], strides[0], dilations[0], pads[0], pads[2]};
    window_axis w = {input->shape[3], kernel[1], strides[1], dilations[1], pads[1], pads[3]};
    MC_TRY(infer_axis(node, "height", &h, padding, is_pool, &output->shape[2]));
    MC_TRY(infer_axis(node, "width", &w, padding, is_pool, &output->shape[3]));
    *window = (mc_window){.kernel_h = kernel[0],
                          .kernel_w = kernel[1],
                          .stride_h = strides[0],
                          .stride_w = strides[1],
                          .dilation_h = dilations[0],
                          .dilation_w = dilations[1],
                          .pad_top = (int32_t)h.before,
                          .pad_left = (int32_t)w.before,
                          .pad_bottom = (int32_t)h.after,
                          .pad_right = (int32_t)w.after};
    return MCOMP_OK;
}
