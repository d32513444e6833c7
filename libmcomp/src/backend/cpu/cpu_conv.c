/* Convolution as a GEMM: weights are A, packed once; columns of the input are B, packed tile by
 * tile in each worker's scratch, small enough to stay in its second-level cache. */
#include <math.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "cpu_device.h"
#include "tensor/tensor_struct.h"

/* Packed columns of a tile: half of a small second-level cache; the rest is for A and C. */
#define TILE_NBYTES      ((size_t)160 * 1024)
#define MAX_TILE_COLUMNS ((size_t)192)

/* What the elements of packed weights and columns are. */
typedef enum conv_elements {
    ELEMENTS_F32,
    ELEMENTS_S16, /**< q - z of both */
    ELEMENTS_S8   /**< q - z of weights, q of columns */
} conv_elements;

typedef struct conv_tiling {
    conv_elements elements;
    size_t panel_rows, panel_columns; /**< of the kernel */
    size_t depth;                     /**< elements of one packed column, groups filled up */
    size_t tile_columns;              /**< a multiple of panel_columns */
    size_t element_nbytes;            /**< of a packed element */
    size_t scratch_nbytes;            /**< a worker */
} conv_tiling;

/* Bytes where a kernel multiplies them and the weights fit: without zero points of their own they are
 * -128 to 127. */
static conv_elements choose_elements(const mc_cpu_kernels *kernels, const mcomp_graph *graph,
                                     const mc_node *node)
{
    if (!mc_node_is_integer(graph, node))
        return ELEMENTS_F32;
    const mcomp_tensor *weight = mc_node_input(graph, node, 1)->constant;
    return kernels->s8_gemm && !weight->encoding.zero_points ? ELEMENTS_S8 : ELEMENTS_S16;
}

static conv_tiling choose_tiling(const mc_cpu_kernels *kernels, conv_elements elements,
                                 size_t depth, size_t pixels)
{
    conv_tiling tiling = {.elements = elements,
                          .panel_rows = kernels->f32_gemm->rows,
                          .panel_columns = kernels->f32_gemm->columns,
                          .depth = depth,
                          .element_nbytes = sizeof(float)};
    if (elements == ELEMENTS_S16) {
        tiling.panel_rows = kernels->s16_gemm->rows;
        tiling.panel_columns = kernels->s16_gemm->columns;
        tiling.depth = (depth + 1) / 2 * 2;
        tiling.element_nbytes = sizeof(int16_t);
    } else if (elements == ELEMENTS_S8) {
        tiling.panel_rows = kernels->s8_gemm->rows;
        tiling.panel_columns = kernels->s8_gemm->columns;
        tiling.depth = (depth + 3) / 4 * 4;
        tiling.element_nbytes = sizeof(int8_t);
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

/* The zero point of the input among bytes: unsigned elements have 128 taken off. */
static int32_t byte_zero_point(const mc_value *value)
{
    return value->zero_point - (value->dtype == MCOMP_DTYPE_S8 ? 0 : 128);
}

/* One row of a tile's sums, less the offset, becomes elements of the output. */
static void store_row(const conv_work *work, const conv_tile *tile, size_t channel, size_t column,
                      int32_t *sums, int32_t offset)
{
    const mc_weights *weights = &work->operation->weights;
    size_t count = tile->count - column;
    count = count < work->tiling.panel_columns ? count : work->tiling.panel_columns;
    for (size_t c = 0; offset && c < count; c++)
        sums[c] -= offset;
    work->kernels->quantize[MC_QUANTIZE_SUMS]->run.s32_requantize(
        count, sums, &weights->integer_bias[channel], &weights->multipliers[channel], 0,
        &work->range,
        (uint8_t *)work->run->output +
            (tile->image * work->output.channels + channel) * work->pixels + tile->first + column);
}

/* Bytes hold q, not q - z, of the columns: sum (q - z) w = sum q w - z sum w, the last sum made when
 * packing. Every term is below 2^31 as K * 255 * 255 is. */
static void integer_panels(const conv_work *work, const conv_tile *tile)
{
    const conv_tiling *tiling = &work->tiling;
    const bool bytes = tiling->elements == ELEMENTS_S8;
    const int32_t zero_point = byte_zero_point(work->operation->input);
    _Alignas(64) int32_t sums[MC_GEMM_MAX_TILE];
    size_t panels = (work->group_outputs + tiling->panel_rows - 1) / tiling->panel_rows;
    size_t panel_nbytes = tiling->panel_rows * tiling->depth * tiling->element_nbytes;
    size_t column_nbytes = tiling->depth * tiling->element_nbytes;
    const char *packed_a = work->operation->packed;
    const int32_t *row_sums =
        (const int32_t *)(const void *)(packed_a + work->groups * panels * panel_nbytes);
    for (size_t panel = 0; panel < panels; panel++) {
        const void *a = packed_a + (tile->group * panels + panel) * panel_nbytes;
        size_t first_row = panel * tiling->panel_rows;
        for (size_t column = 0; column < tile->count; column += tiling->panel_columns) {
            const void *b = (const char *)tile->packed + column * column_nbytes;
            if (bytes)
                work->kernels->s8_gemm->run(tiling->depth / 4, a, b, sums);
            else
                work->kernels->s16_gemm->run(tiling->depth / 2, a, b, sums);
            for (size_t r = 0; r < tiling->panel_rows && first_row + r < work->group_outputs; r++) {
                size_t channel = tile->group * work->group_outputs + first_row + r;
                store_row(work, tile, channel, column, sums + r * tiling->panel_columns,
                          bytes ? zero_point * row_sums[channel] : 0);
            }
        }
    }
}

static void pack_columns(const conv_work *work, const conv_tile *tile, size_t first_element)
{
    const mc_value *value = work->operation->input;
    const bool is_signed = value->dtype == MCOMP_DTYPE_S8;
    const uint8_t *bytes = (const uint8_t *)work->run->inputs[0] + first_element;
    size_t panel_columns = work->tiling.panel_columns;
    switch (work->tiling.elements) {
    case ELEMENTS_F32:
        mc_f32_im2col(&work->shape, (const float *)work->run->inputs[0] + first_element,
                      tile->first, tile->count, panel_columns, tile->packed);
        break;
    case ELEMENTS_S16:
        mc_s16_im2col(&work->shape, bytes, is_signed, value->zero_point, tile->first, tile->count,
                      panel_columns, tile->packed);
        break;
    case ELEMENTS_S8:
        mc_s8_im2col(&work->shape, bytes, is_signed, (int8_t)byte_zero_point(value), tile->first,
                     tile->count, panel_columns, tile->packed);
        break;
    }
}

static void do_tiles(void *user, size_t begin, size_t end, size_t worker)
{
    const conv_work *work = user;
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
        pack_columns(work, &tile, input);
        if (work->tiling.elements == ELEMENTS_F32)
            float_panels(work, &tile);
        else
            integer_panels(work, &tile);
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
    work.tiling = choose_tiling(work.kernels,
                                choose_elements(work.kernels, operation->graph, operation->node),
                                operation->weights.depth, work.pixels);
    work.tiles = (work.pixels + work.tiling.tile_columns - 1) / work.tiling.tile_columns;
    mc_parallel_for(run->parallel, operation->batch * work.groups * work.tiles, 1, do_tiles, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "Conv");
}

/* Elements of the packed weights of one group. */
static size_t packed_group_count(const conv_tiling *tiling, size_t outputs)
{
    return (outputs + tiling->panel_rows - 1) / tiling->panel_rows * tiling->panel_rows *
           tiling->depth;
}

/* All groups; bytes are followed by the sum of each output's weights. */
static size_t packed_nbytes(const conv_tiling *tiling, size_t groups, size_t outputs)
{
    size_t sums_nbytes = tiling->elements == ELEMENTS_S8 ? outputs * sizeof(int32_t) : 0;
    return groups * (packed_group_count(tiling, outputs) * tiling->element_nbytes + sums_nbytes);
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mcomp_graph *graph = request->graph;
    const mc_node *node = &graph->nodes[request->node_index];
    const mc_value *weight = mc_node_input(graph, node, 1);
    const mc_value *output = &graph->values[node->output];
    conv_elements elements = choose_elements(&device->kernels, graph, node);
    mc_planes planes = mc_planes_of(output);
    size_t groups = (size_t)node->params.group, outputs = (size_t)weight->shape[0] / groups;
    size_t depth = mc_value_element_count(weight) / (size_t)weight->shape[0];
    size_t pixels = planes.height * planes.width;
    conv_tiling tiling = choose_tiling(&device->kernels, elements, depth, pixels);
    size_t packed_rows = (outputs + tiling.panel_rows - 1) / tiling.panel_rows * tiling.panel_rows;
    const char *const names[] = {device->kernels.f32_gemm->name, device->kernels.s16_gemm->name,
                                 device->kernels.s8_gemm ? device->kernels.s8_gemm->name : NULL};
    static const char *const reasons[] = {
        "columns packed per tile, GEMM with bias and activation in its tail",
        "columns packed as int16, exact int32 sums", "columns packed as int8, exact int32 sums"};
    candidate->kernel = names[elements];
    candidate->workspace_nbytes = tiling.scratch_nbytes * device->device.context->threads;
    candidate->weights_nbytes =
        packed_nbytes(&tiling, groups, outputs) + mc_operation_extra_nbytes(request);
    /* Columns are packed once, rows are filled up to whole panels. */
    double waste = (double)packed_rows / (double)outputs;
    bool vector = tiling.panel_columns >= 8;
    candidate->predicted_ns = waste * mc_cpu_predict_ns(device, request, vector,
                                                        (size_t)request->batch * groups * pixels *
                                                            tiling.depth * tiling.element_nbytes);
    candidate->why = reasons[elements];
}

static mcomp_status pack(const mc_cpu_device *device, mc_operation *operation)
{
    mc_weights *weights = &operation->weights;
    size_t groups = (size_t)operation->node->params.group, outputs = weights->outputs / groups;
    conv_elements elements = choose_elements(&device->kernels, operation->graph, operation->node);
    conv_tiling tiling = choose_tiling(&device->kernels, elements, weights->depth, 1);
    size_t group_count = packed_group_count(&tiling, outputs);
    size_t nbytes = packed_nbytes(&tiling, groups, outputs);
    operation->packed = mc_alloc(operation->context, nbytes);
    if (!operation->packed)
        return mc_fail_memory(nbytes);
    for (size_t group = 0; group < groups; group++) {
        size_t from = group * outputs * weights->depth, to = group * group_count;
        switch (elements) {
        case ELEMENTS_F32:
            mc_f32_gemm_pack_a(weights->floats + from, outputs, weights->depth, tiling.panel_rows,
                               (float *)operation->packed + to);
            break;
        case ELEMENTS_S16:
            mc_s16_gemm_pack_a(weights->integers + from, outputs, weights->depth, tiling.panel_rows,
                               (int16_t *)operation->packed + to);
            break;
        case ELEMENTS_S8: {
            int32_t *row_sums =
                (int32_t *)(void *)((int8_t *)operation->packed + groups * group_count);
            mc_s8_gemm_pack_a(weights->integers + from, outputs, weights->depth, tiling.panel_rows,
                              (int8_t *)operation->packed + to, row_sums + group * outputs);
            break;
        }
        }
    }
    mc_operation_drop_weights(operation);
    return MCOMP_OK;
}

const mc_cpu_implementation mc_cpu_conv = {fits, describe, pack, run_conv};
