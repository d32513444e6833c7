/* MatMul by the GEMM kernels: a block of rows is packed as A in a worker's scratch and meets one panel of
 * B after the other; a constant matrix is packed once, others panel by panel. */
#include <math.h>
#include <string.h>

#include "backend/ref/ref_binary.h"
#include "base/context_struct.h"
#include "base/status.h"
#include "cpu_device.h"

/* Packed rows of a block: half of a small second-level cache. */
#define BLOCK_NBYTES   ((size_t)160 * 1024)
#define MAX_BLOCK_ROWS ((size_t)96)

static const float no_bias[MC_GEMM_MAX_TILE]; /* zeros, one a row of a tile */

/* Shapes of one node. */
typedef struct mat_mul_shape {
    size_t rows, depth, columns; /* of one pair of matrices: [rows, depth] [depth, columns] */
    size_t matrices;
    size_t block_rows;     /* a multiple of the kernel's */
    size_t scratch_nbytes; /* a worker: a block of A, a panel of B */
} mat_mul_shape;

typedef struct mat_mul_work {
    const mc_operation *operation;
    const mc_f32_gemm_kernel *kernel;
    const mc_run *run;
    const float *a, *b;
    const float *packed; /* the constant matrix, or NULL */
    mat_mul_shape shape;
    size_t blocks;                  /* of rows in a matrix */
    size_t extents[MCOMP_MAX_RANK]; /* of the axes before the matrices' */
    size_t a_strides[MCOMP_MAX_RANK], b_strides[MCOMP_MAX_RANK]; /* in matrices */
    uint32_t outer_rank;
} mat_mul_work;

static size_t whole(size_t count, size_t panel)
{
    return (count + panel - 1) / panel * panel;
}

static mat_mul_shape find_shape(const mc_cpu_device *device, const mcomp_graph *graph,
                                const mc_node *node, size_t batch)
{
    const mc_f32_gemm_kernel *kernel = device->kernels.f32_gemm;
    const mc_value *a = mc_node_input(graph, node, 0), *output = &graph->values[node->output];
    size_t depth = (size_t)a->shape[a->rank - 1];
    mat_mul_shape shape = {.rows = 1,
                           .depth = depth,
                           .columns = (size_t)output->shape[output->rank - 1],
                           .matrices = 1};
    size_t all_rows = batch * mc_value_element_count(output) / shape.columns;
    if (mc_node_reads_weight(graph, node)) {
        shape.rows = all_rows;
    } else {
        shape.rows = (size_t)output->shape[output->rank - 2];
        shape.matrices = all_rows / shape.rows;
    }
    /* Small enough for the cache, and for all threads to have some. */
    size_t rows = BLOCK_NBYTES / (depth * sizeof(float));
    size_t share =
        (all_rows + device->device.context->threads - 1) / device->device.context->threads;
    rows = rows < MAX_BLOCK_ROWS ? rows : MAX_BLOCK_ROWS;
    rows = rows < share ? rows : share;
    rows = rows < shape.rows ? rows : shape.rows;
    shape.block_rows = whole(rows ? rows : 1, kernel->rows);
    shape.scratch_nbytes = mc_round_up(shape.block_rows * depth * sizeof(float), MC_ALIGNMENT) +
                           mc_round_up(kernel->columns * depth * sizeof(float), MC_ALIGNMENT);
    return shape;
}

/* Columns [first, first + count) of a matrix as a panel, filled up with zeros. */
static void pack_panel(const mat_mul_work *work, const float *matrix, size_t first, size_t count,
                       float *panel)
{
    size_t columns = work->kernel->columns;
    for (size_t k = 0; k < work->shape.depth; k++, panel += columns) {
        memcpy(panel, matrix + k * work->shape.columns + first, count * sizeof *panel);
        for (size_t i = count; i < columns; i++)
            panel[i] = 0;
    }
}

/* Rows of a against one panel of B; at: the first result. */
static void do_panel(const mat_mul_work *work, const float *packed_a, size_t rows,
                     const float *panel, size_t columns, float *at)
{
    const mc_f32_gemm_kernel *kernel = work->kernel;
    const mc_gemm_tail tail = {.bias = no_bias, .low = -INFINITY, .high = INFINITY};
    for (size_t row = 0; row < rows; row += kernel->rows)
        kernel->run(work->shape.depth, packed_a + row * work->shape.depth, panel,
                    at + row * work->shape.columns, work->shape.columns,
                    rows - row < kernel->rows ? rows - row : kernel->rows, columns, &tail);
}

/* Each item is a block of rows of one matrix. */
static void do_blocks(void *user, size_t begin, size_t end, size_t worker)
{
    const mat_mul_work *work = user;
    const mat_mul_shape *shape = &work->shape;
    size_t panel_columns = work->kernel->columns;
    char *scratch = (char *)work->run->workspace + worker * shape->scratch_nbytes;
    float *packed_a = (float *)(void *)scratch;
    float *own_panel =
        (float *)(void *)(scratch + mc_round_up(shape->block_rows * shape->depth * sizeof(float),
                                                MC_ALIGNMENT));
    for (size_t item = begin; item < end; item++) {
        size_t matrix = item / work->blocks, row = item % work->blocks * shape->block_rows;
        size_t rows = shape->rows - row < shape->block_rows ? shape->rows - row : shape->block_rows;
        size_t rest = matrix, a_matrix = 0, b_matrix = 0;
        for (uint32_t axis = work->outer_rank; axis-- > 0;) {
            size_t coordinate = rest % work->extents[axis];
            a_matrix += coordinate * work->a_strides[axis];
            b_matrix += coordinate * work->b_strides[axis];
            rest /= work->extents[axis];
        }
        mc_f32_gemm_pack_a(work->a + (a_matrix * shape->rows + row) * shape->depth, rows,
                           shape->depth, work->kernel->rows, packed_a);
        for (size_t first = 0; first < shape->columns; first += panel_columns) {
            size_t left = shape->columns - first;
            size_t columns = left < panel_columns ? left : panel_columns;
            const float *panel = own_panel;
            if (work->packed)
                panel = work->packed + first * shape->depth;
            else
                pack_panel(work, work->b + b_matrix * shape->depth * shape->columns, first, columns,
                           own_panel);
            do_panel(work, packed_a, rows, panel, columns,
                     (float *)work->run->output + (matrix * shape->rows + row) * shape->columns +
                         first);
        }
    }
}

static void run_mat_mul(const mc_operation *operation, const mc_run *run)
{
    const mc_cpu_device *device = (const mc_cpu_device *)operation->device;
    const mc_value *output = operation->output;
    mat_mul_work work = {
        .operation = operation,
        .kernel = device->kernels.f32_gemm,
        .run = run,
        .a = run->inputs[0],
        .packed = operation->packed,
        .shape = find_shape(device, operation->graph, operation->node, operation->batch)};
    if (!work.packed) {
        work.b = mc_operation_input(operation, run, 1);
        work.outer_rank = output->rank - 2;
        for (uint32_t axis = 0; axis < work.outer_rank; axis++)
            work.extents[axis] = axis ? (size_t)output->shape[axis] : operation->batch;
        mc_ref_find_strides(operation->input, output, 2, work.a_strides);
        mc_ref_find_strides(mc_node_input(operation->graph, operation->node, 1), output, 2,
                            work.b_strides);
    }
    work.blocks = (work.shape.rows + work.shape.block_rows - 1) / work.shape.block_rows;
    mc_parallel_for(run->parallel, work.shape.matrices * work.blocks, 1, do_blocks, &work);
}

static bool fits(const mcomp_graph *graph, const mc_node *node)
{
    (void)graph;
    return mc_node_is(node, "MatMul");
}

static void describe(const mc_cpu_device *device, const mc_request *request,
                     mc_candidate *candidate)
{
    const mcomp_graph *graph = request->graph;
    const mc_node *node = &graph->nodes[request->node_index];
    const mc_f32_gemm_kernel *kernel = device->kernels.f32_gemm;
    mat_mul_shape shape = find_shape(device, graph, node, (size_t)request->batch);
    bool constant = mc_node_reads_weight(graph, node);
    size_t packed_nbytes =
        constant ? whole(shape.columns, kernel->columns) * shape.depth * sizeof(float) : 0;
    double waste = (double)whole(shape.rows, kernel->rows) / (double)shape.rows;
    candidate->kernel = kernel->name;
    candidate->workspace_nbytes = shape.scratch_nbytes * device->device.context->threads;
    candidate->weights_nbytes = packed_nbytes + mc_operation_extra_nbytes(request);
    candidate->predicted_ns =
        waste * mc_cpu_predict_ns(device, request, kernel->isa_bits != MC_ISA_NONE,
                                  mc_cpu_touched_nbytes(request) + packed_nbytes);
    candidate->why = constant ? "the matrix packed once, rows in blocks"
                              : "both matrices packed, rows in blocks";
}

static mcomp_status pack(const mc_cpu_device *device, mc_operation *operation)
{
    const mc_weights *weights = &operation->weights;
    if (!mc_node_reads_weight(operation->graph, operation->node))
        return MCOMP_OK;
    size_t columns = device->kernels.f32_gemm->columns;
    size_t nbytes = whole(weights->outputs, columns) * weights->depth * sizeof(float);
    operation->packed = mc_alloc(operation->context, nbytes);
    if (!operation->packed)
        return mc_fail_memory(nbytes);
    mc_f32_gemm_pack_a(weights->floats, weights->outputs, weights->depth, columns,
                       operation->packed);
    mc_operation_drop_weights(operation);
    return MCOMP_OK;
}

const mc_cpu_implementation mc_cpu_mat_mul = {fits, describe, pack, run_mat_mul};
