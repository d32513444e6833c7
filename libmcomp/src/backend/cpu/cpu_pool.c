/* MaxPool and AveragePool: rows of outputs whose windows have the same taps go to a kernel at once;
 * windows that the plane's borders cut, one by one. */
#include "cpu_device.h"

/* Sums of one call of an integer kernel, on the stack. */
enum { MAX_SUMS = 256 };

/* Taps of a window along one axis that are inside. */
typedef struct axis_taps {
    size_t first; /* input index of the first one */
    size_t count;
    size_t padded_count; /* with those in the padding, without those past it */
} axis_taps;

typedef struct pool_work {
    const mc_operation *operation;
    const mc_run *run;
    const mc_cpu_kernels *kernels;
    mc_planes input, output;
    mc_quantize_range range;
    size_t interior_begin, interior_end; /* outputs of a row whose windows are not cut */
    bool averages, integer;
} pool_work;

static int64_t steps(int64_t from, int64_t to, int64_t step)
{
    if (step == 1) /* a division would take as long as a window */
        return to > from ? to - from : 0;
    return to > from ? (to - from + step - 1) / step : 0;
}

static axis_taps find_taps(int64_t begin, int32_t kernel, int32_t dilation, int64_t extent,
                           int32_t pad_after)
{
    int64_t end = begin + (int64_t)kernel * dilation;
    int64_t padded_end = end < extent + pad_after ? end : extent + pad_after;
    axis_taps taps = {.padded_count = (size_t)steps(begin, padded_end, dilation)};
    if (begin < 0)
        begin += steps(begin, 0, dilation) * dilation;
    taps.count = (size_t)steps(begin, end < extent ? end : extent, dilation);
    taps.first = taps.count ? (size_t)begin : 0;
    return taps;
}

static void average_bytes(const pool_work *work, const mc_pool_taps *taps, const uint8_t *input,
                          size_t divisor, size_t count, uint8_t *output)
{
    const mc_value *value = work->operation->input;
    int32_t sums[MAX_SUMS];
    int32_t bias = -(int32_t)(taps->rows * taps->columns) * value->zero_point;
    float multiplier =
        (float)((double)value->scale / ((double)work->operation->output->scale * (double)divisor));
    for (size_t done = 0; done < count; done += MAX_SUMS) {
        size_t now = count - done < MAX_SUMS ? count - done : MAX_SUMS;
        work->kernels->pool[MC_POOL_U8_SUM]->run.u8_sum(taps, input + done * taps->stride,
                                                        value->dtype == MCOMP_DTYPE_S8, now, sums);
        work->kernels->quantize[MC_QUANTIZE_SUMS]->run.s32_requantize(
            now, sums, &bias, &multiplier, 0, &work->range, output + done);
    }
}

/* Outputs [x, x + count) of a row: rows and columns are the first one's. */
static void do_run(const pool_work *work, size_t plane, axis_taps rows, axis_taps columns,
                   size_t output, size_t count)
{
    const mc_node_params *params = &work->operation->node->params;
    const mc_pool_taps taps = {.rows = rows.count,
                               .columns = columns.count,
                               .row_step = (size_t)params->window.dilation_h * work->input.width,
                               .column_step = (size_t)params->window.dilation_w,
                               .stride = (size_t)params->window.stride_w};
    size_t input = (plane * work->input.height + rows.first) * work->input.width + columns.first;
    size_t divisor = params->count_include_pad ? rows.padded_count * columns.padded_count
                                               : rows.count * columns.count;
    if (!work->integer) {
        const float *from = (const float *)work->run->inputs[0] + input;
        float *to = (float *)work->run->output + output;
        if (work->averages)
            work->kernels->pool[MC_POOL_F32_AVERAGE]->run.f32_average(&taps, from, (double)divisor,
                                                                      count, to);
        else
            work->kernels->pool[MC_POOL_F32_MAX]->run.f32_max(&taps, from, count, to);
        return;
    }
    const uint8_t *from = (const uint8_t *)work->run->inputs[0] + input;
    uint8_t *to = (uint8_t *)work->run->output + output;
    if (work->averages)
        average_bytes(work, &taps, from, divisor, count, to);
    else
        work->kernels->pool[MC_POOL_U8_MAX]->run.u8_max(
            &taps, from, work->operation->input->dtype == MCOMP_DTYPE_S8, count, to);
}

static void do_rows(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const pool_work *work = user;
    const mc_window *window = &work->operation->node->params.window;
    for (size_t item = begin; item < end; item++) {
        size_t plane = item / work->output.height, y = item % work->output.height;
        axis_taps rows =
            find_taps((int64_t)y * window->stride_h - window->pad_top, window->kernel_h,
                      window->dilation_h, (int64_t)work->input.height, window->pad_bottom);
        for (size_t x = 0; x < work->output.width;) {
            axis_taps columns =
                find_taps((int64_t)x * window->stride_w - window->pad_left, window->kernel_w,
                          window->dilation_w, (int64_t)work->input.width, window->pad_right);
            bool whole = x >= work->interior_begin && x < work->interior_end;
            size_t count = whole ? work->interior_end - x : 1;
            do_run(work, plane, rows, columns, item * work->output.width + x, count);
            x += count;
        }
    }
}

/* Outputs of a row whose windows lie inside: the first, and the one after the last. */
static void find_interior(pool_work *work)
{
    const mc_window *window = &work->operation->node->params.window;
    int64_t reach = (int64_t)(window->kernel_w - 1) * window->dilation_w + 1;
    int64_t begin = steps(0, window->pad_left, window->stride_w);
    int64_t room = (int64_t)work->input.width + window->pad_left - reach;
    int64_t end = room < 0 ? 0 : room / window->stride_w + 1;
    end = end < (int64_t)work->output.width ? end : (int64_t)work->output.width;
    work->interior_begin = (size_t)begin;
    work->interior_end = (size_t)end;
}

static void run_pool(const mc_operation *operation, const mc_run *run)
{
    pool_work work = {.operation = operation,
                      .run = run,
                      .kernels = mc_cpu_kernels_of(operation),
                      .input = mc_planes_of(operation->input),
                      .output = mc_planes_of(operation->output),
                      .averages = mc_node_is(operation->node, "AveragePool"),
                      .integer = operation->input->dtype != MCOMP_DTYPE_F32};
    if (work.integer)
        work.range = mc_cpu_range_of(operation);
    find_interior(&work);
    size_t grain = MC_CPU_ELEMENT_GRAIN / 8 / work.output.width + 1;
    mc_parallel_for(run->parallel, operation->batch * work.output.channels * work.output.height,
                    grain, do_rows, &work);
}

/* Sums of an integer window fit an int32. */
static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    const mc_window *window = &node->params.window;
    if (mc_node_is(node, "MaxPool"))
        return true;
    return mc_node_is(node, "AveragePool") &&
           (!mc_node_is_integer(graph, node) ||
            (int64_t)window->kernel_h * window->kernel_w <= INT32_MAX / 256);
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mc_node *node = &request->graph->nodes[request->node_index];
    const mc_window *window = &node->params.window;
    bool averages = mc_node_is(node, "AveragePool");
    bool integer = mc_node_is_integer(request->graph, node);
    const mc_pool_kernel *kernel =
        device->kernels.pool[averages  ? integer ? MC_POOL_U8_SUM : MC_POOL_F32_AVERAGE
                             : integer ? MC_POOL_U8_MAX
                                       : MC_POOL_F32_MAX];
    bool strided = window->stride_w > 2;
    mc_cpu_describe(device, request, candidate, kernel->name, kernel->isa_bits,
                    strided ? "rows of outputs, one after the other: the stride is above 2"
                            : "rows of outputs at once, windows cut by a border one by one");
}

const mc_cpu_implementation mc_cpu_pool = {fits, describe, NULL, run_pool};
