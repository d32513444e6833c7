/* Convolution as a GEMM: weights are A, packed once; columns of the input are B, packed tile by
 * tile in each worker's scratch, small enough to stay in its second-level cache. */
#include <math.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "cpu_device.h"

/* Packed columns of a tile: half of a small second-level cache; the rest is for A and C. */
#define TILE_NBYTES      ((size_t)160 * 1024)
#define MAX_TILE_COLUMNS ((size_t)192)

typedef struct conv_tiling {
    size_t panel_rows, panel_columns; /**< of the kernel */
    size_t depth;                     /**< elements of one packed column, pairs filled up */
    size_t tile_columns;              /**< a multiple of panel_columns */
    size_t element_nbytes;            /**< of a packed element */
    size_t scratch_nbytes;            /**< a worker */
} conv_tiling;

static conv_tiling choose_tiling(const mc_cpu_kernels *kernels, bool integer, size_t depth,
                                 size_t pixels)
{
    conv_tiling tiling = {.panel_rows = kernels->f32_gemm->rows,
                          .panel_columns = kernels->f32_gemm->columns,
                          .depth = depth,
                          .element_nbytes = sizeof(float)};
    if (integer) {
        tiling.panel_rows = kernels->s16_gemm->rows;
        tiling.panel_columns = kernels->s16_gemm->columns;
        tiling.depth = (depth + 1) / 2 * 2;
        tiling.element_nbytes = sizeof(int16_t);
    }
    size_t columns = TILE_NBYTES / (tiling.depth * tiling.element_nbytes);
    columns = columns < MAX_TILE_COLUMNS ? columns : MAX_TILE_COLUMNS;
    columns = columns < pixels ? columns : pixels;
    tiling.tile_columns =
        (columns + tiling.panel_columns - 1) / tiling.panel_columns * tiling.panel_columns;
    if (tiling.tile_columns == 0)
        tiling.tile_columns = tiling.panel_columns;
    tiling.scratch_nbytes =
        mc_round_up(tiling.tile_columns * tiling.depth * tiling.element_nbytes, MC_ALIGNMENT);
    return tiling;
}

typedef struct conv_work {
    const mc_operation *operation;
    const mc_run *run;
    const mc_cpu_kernels *kernels;
    conv_tiling tiling;
    mc_im2col_shape shape;
    size_t groups, group_outputs, pixels, tiles;
    mc_planes input, output;
    mc_quantize_range range;
} conv_work;

/* One tile of one group of one image. */
typedef struct conv_tile {
    size_t image, group, first, count;
    void *packed;
} conv_tile;

static void float_panels(const conv_work *work, const conv_tile *tile)
{
    const mc_f32_gemm_kernel *kernel = work->kernels->f32_gemm;
    const mc_operation *operation = work->operation;
    const mc_activation *activation = &operation->node->params.activation;
    const float *residual =
        operation->node->input_count > 3 ? mc_operation_input(operation, work->run, 3) : NULL;
    size_t depth = work->tiling.depth;
    size_t panels = (work->group_outputs + kernel->rows - 1) / kernel->rows;
    const float *packed_a =
        (const float *)operation->packed + tile->group * panels * kernel->rows * depth;
    size_t plane =
        (tile->image * work->output.channels + tile->group * work->group_outputs) * work->pixels;
    for (size_t panel = 0; panel < panels; panel++) {
        size_t row = panel * kernel->rows;
        size_t rows =
            work->group_outputs - row < kernel->rows ? work->group_outputs - row : kernel->rows;
        for (size_t column = 0; column < tile->count; column += kernel->columns) {
            size_t columns =
                tile->count - column < kernel->columns ? tile->count - column : kernel->columns;
            size_t at = plane + row * work->pixels + tile->first + column;
            const mc_gemm_tail tail = {.bias = operation->weights.bias +
                                               tile->group * work->group_outputs + row,
                                       .residual = residual ? residual + at : NULL,
                                       .low = activation->clamp ? activation->low : -INFINITY,
                                       .high = activation->clamp ? activation->high : INFINITY};
            kernel->run(depth, packed_a + panel * kernel->rows * depth,
                        (const float *)tile->packed + column * depth,
                        (float *)work->run->output + at, work->pixels, rows, columns, &tail);
        }
    }
}

static void integer_panels(const conv_work *work, const conv_tile *tile)
{
    const mc_s16_gemm_kernel *kernel = work->kernels->s16_gemm;
    const mc_weights *weights = &work->operation->weights;
    _Alignas(64) int32_t sums[MC_GEMM_MAX_TILE];
    size_t depth = work->tiling.depth;
    size_t panels = (work->group_outputs + kernel->rows - 1) / kernel->rows;
    const int16_t *packed_a =
        (const int16_t *)work->operation->packed + tile->group * panels * kernel->rows * depth;
    for (size_t panel = 0; panel < panels; panel++) {
        size_t first_row = panel * kernel->rows;
        for (size_t column = 0; column < tile->count; column += kernel->columns) {
            kernel->run(depth / 2, packed_a + panel * kernel->rows * depth,
                        (const int16_t *)tile->packed + column * depth, sums);
            for (size_t r = 0; r < kernel->rows && first_row + r < work->group_outputs; r++) {
                size_t channel = tile->group * work->group_outputs + first_row + r;
                uint8_t *out = (uint8_t *)work->run->output +
                               (tile->image * work->output.channels + channel) * work->pixels +
                               tile->first + column;
                work->kernels->quantize[MC_QUANTIZE_SUMS]->run.s32_requantize(
                    tile->count - column < kernel->columns ? tile->count - column : kernel->columns,
                    sums + r * kernel->columns, &weights->integer_bias[channel],
                    &weights->multipliers[channel], 0, &work->range, out);
            }
        }
    }
}

static void do_tiles(void *user, size_t begin, size_t end, size_t worker)
{
    const conv_work *work = user;
    const mc_value *value = work->operation->input;
    bool integer = work->operation->weights.are_integers;
    size_t plane = work->input.height * work->input.width;
    for (size_t item = begin; item < end; item++) {
        conv_tile tile = {.packed =
                              (char *)work->run->workspace + worker * work->tiling.scratch_nbytes};
        tile.first = item % work->tiles * work->tiling.tile_columns;
        tile.group = item / work->tiles % work->groups;
        tile.image = item / work->tiles / work->groups;
        size_t left = work->pixels - tile.first;
        tile.count = left < work->tiling.tile_columns ? left : work->tiling.tile_columns;
        size_t input =
            (tile.image * work->input.channels + tile.group * work->shape.channels) * plane;
        if (integer) {
            mc_s16_im2col(&work->shape, (const uint8_t *)work->run->inputs[0] + input,
                          value->dtype == MCOMP_DTYPE_S8, value->zero_point, tile.first, tile.count,
                          work->tiling.panel_columns, tile.packed);
            integer_panels(work, &tile);
        } else {
            mc_f32_im2col(&work->shape, (const float *)work->run->inputs[0] + input, tile.first,
                          tile.count, work->tiling.panel_columns, tile.packed);
            float_panels(work, &tile);
        }
    }
}

static void run_conv(const mc_operation *operation, const mc_run *run)
{
    const mc_window *window = &operation->node->params.window;
    conv_work work = {.operation = operation,
                      .run = run,
                      .kernels = mc_cpu_kernels_of(operation),
                      .groups = (size_t)operation->node->params.group,
                      .input = mc_planes_of(operation->input),
                      .output = mc_planes_of(operation->output),
                      .range = mc_cpu_range_of(operation)};
    work.pixels = work.output.height * work.output.width;
    work.group_outputs = work.output.channels / work.groups;
    work.shape = (mc_im2col_shape){.channels = work.input.channels / work.groups,
                                   .height = work.input.height,
                                   .width = work.input.width,
                                   .output_width = work.output.width,
                                   .kernel_h = window->kernel_h,
                                   .kernel_w = window->kernel_w,
                                   .stride_h = window->stride_h,
                                   .stride_w = window->stride_w,
                                   .dilation_h = window->dilation_h,
                                   .dilation_w = window->dilation_w,
                                   .pad_top = window->pad_top,
                                   .pad_left = window->pad_left};
    if (window->kernel_h == 1 && window->kernel_w == 1 && window->stride_h == 1 &&
        window->stride_w == 1 && window->pad_top == 0 && window->pad_left == 0 &&
        work.output.width == work.input.width && work.output.height == work.input.height) {
        /* The plane is one long row: runs are whole panels. */
        work.shape.width = work.shape.output_width = work.pixels;
        work.shape.height = 1;
    }
    work.tiling = choose_tiling(work.kernels, operation->weights.are_integers,
                                operation->weights.depth, work.pixels);
    work.tiles = (work.pixels + work.tiling.tile_columns - 1) / work.tiling.tile_columns;
    mc_parallel_for(run->parallel, operation->batch * work.groups * work.tiles, 1, do_tiles, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "Conv");
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mcomp_graph *graph = request->graph;
    const mc_node *node = &graph->nodes[request->node_index];
    const mc_value *weight = mc_node_input(graph, node, 1);
    const mc_value *output = &graph->values[node->output];
    bool integer = mc_node_is_integer(graph, node);
    mc_planes planes = mc_planes_of(output);
    size_t groups = (size_t)node->params.group, outputs = (size_t)weight->shape[0] / groups;
    size_t depth = mc_value_element_count(weight) / (size_t)weight->shape[0];
    size_t pixels = planes.height * planes.width;
    conv_tiling tiling = choose_tiling(&device->kernels, integer, depth, pixels);
    size_t packed_rows = (outputs + tiling.panel_rows - 1) / tiling.panel_rows * tiling.panel_rows;
    candidate->kernel = integer ? device->kernels.s16_gemm->name : device->kernels.f32_gemm->name;
    candidate->workspace_nbytes = tiling.scratch_nbytes * device->device.context->threads;
    candidate->weights_nbytes = groups * packed_rows * tiling.depth * tiling.element_nbytes +
                                mc_operation_extra_nbytes(request);
    /* Columns are packed once, rows are filled up to whole panels. */
    double waste = (double)packed_rows / (double)outputs;
    bool vector = tiling.panel_columns >= 8;
    candidate->predicted_ns = waste * mc_cpu_predict_ns(device, request, vector,
                                                        (size_t)request->batch * groups * pixels *
                                                            tiling.depth * tiling.element_nbytes);
    candidate->why = integer ? "columns packed as int16, exact int32 sums"
                             : "columns packed per tile, GEMM with bias and activation in its tail";
}

static mcomp_status pack(const mc_cpu_device *device, mc_operation *operation)
{
    mc_weights *weights = &operation->weights;
    bool integer = weights->are_integers;
    size_t groups = (size_t)operation->node->params.group, outputs = weights->outputs / groups;
    conv_tiling tiling = choose_tiling(&device->kernels, integer, weights->depth, 1);
    size_t packed_rows = (outputs + tiling.panel_rows - 1) / tiling.panel_rows * tiling.panel_rows;
    size_t nbytes = groups * packed_rows * tiling.depth * tiling.element_nbytes;
    operation->packed = mc_alloc(operation->context, nbytes);
    if (!operation->packed)
        return mc_fail_memory(nbytes);
    for (size_t group = 0; group < groups; group++) {
        size_t from = group * outputs * weights->depth, to = group * packed_rows * tiling.depth;
        if (integer)
            mc_s16_gemm_pack_a(weights->integers + from, outputs, weights->depth, tiling.panel_rows,
                               (int16_t *)operation->packed + to);
        else
            mc_f32_gemm_pack_a(weights->floats + from, outputs, weights->depth, tiling.panel_rows,
                               (float *)operation->packed + to);
    }
    mc_operation_drop_weights(operation);
    return MCOMP_OK;
}

const mc_cpu_implementation mc_cpu_conv = {fits, describe, pack, run_conv};
