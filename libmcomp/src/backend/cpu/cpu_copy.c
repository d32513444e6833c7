#include "cpu_copy.h"

#include <string.h>

#include "base/cpu_features.h"

/* What one worker takes at once: elements of a run, columns of a matrix. */
#define RUN_CHUNK    ((size_t)16384)
#define COLUMN_CHUNK ((size_t)64)

typedef struct copy_work {
    const mc_cpu_copy *copy;
    const mc_cpu_kernels *kernels;
    const mc_cpu_copy_rescale *rescale;
    const char *input;
    char *output;
    mc_cpu_copy_form form;
    uint32_t split; /* the axis that is cut into chunks: the last one, or a matrix's columns */
    size_t chunk, chunks;
} copy_work;

void mc_cpu_copy_join(mc_cpu_copy *copy)
{
    mc_cpu_copy joined = *copy;
    joined.rank = 0;
    for (uint32_t axis = 0; axis < copy->rank; axis++) {
        size_t extent = copy->extents[axis];
        if (extent == 1)
            continue;
        uint32_t last = joined.rank ? joined.rank - 1 : 0;
        bool joins = joined.rank > 0 && joined.from[last] == copy->from[axis] * (ptrdiff_t)extent &&
                     joined.to[last] == copy->to[axis] * extent;
        uint32_t to = joins ? last : joined.rank++;
        joined.extents[to] = joins ? joined.extents[to] * extent : extent;
        joined.from[to] = copy->from[axis];
        joined.to[to] = copy->to[axis];
    }
    if (joined.rank == 0 || joined.to[joined.rank - 1] != 1) { /* a run of one element, then */
        joined.extents[joined.rank] = 1;
        joined.from[joined.rank] = 1;
        joined.to[joined.rank++] = 1;
    }
    *copy = joined;
}

/* The axis along which the input's elements lie behind each other; the rank if there is none. */
static uint32_t find_columns(const mc_cpu_copy *copy)
{
    uint32_t axis = 0;
    while (axis < copy->rank && copy->from[axis] != 1)
        axis++;
    return axis;
}

mc_cpu_copy_form mc_cpu_copy_form_of(const mc_cpu_copy *copy)
{
    uint32_t last = copy->rank - 1;
    if (copy->from[last] == 1 && copy->to[last] == 1)
        return MC_CPU_COPY_RUNS;
    if (copy->to[last] == 1 && copy->from[last] > 1 && find_columns(copy) < last)
        return MC_CPU_COPY_TURNED;
    return MC_CPU_COPY_STRIDED;
}

const char *mc_cpu_copy_kernel(const mc_cpu_kernels *kernels, const mc_cpu_copy *copy,
                               uint32_t *isa_bits)
{
    mc_cpu_copy_form form = mc_cpu_copy_form_of(copy);
    bool bytes = copy->element_nbytes == 1;
    if (form == MC_CPU_COPY_RUNS) {
        *isa_bits = MC_ISA_NONE;
        return "memcpy";
    }
    mc_move_kind kind = bytes ? MC_MOVE_X8_STRIDED : MC_MOVE_X32_STRIDED;
    if (form == MC_CPU_COPY_TURNED)
        kind = bytes ? MC_MOVE_X8_TRANSPOSE : MC_MOVE_X32_TRANSPOSE;
    *isa_bits = kernels->move[kind]->isa_bits;
    return kernels->move[kind]->name;
}

static void turn(const copy_work *work, const char *from, char *to, size_t columns)
{
    const mc_cpu_copy *copy = work->copy;
    uint32_t last = copy->rank - 1;
    size_t rows = copy->extents[last];
    size_t from_stride = (size_t)copy->from[last], to_stride = copy->to[work->split];
    if (copy->element_nbytes == 1)
        work->kernels->move[MC_MOVE_X8_TRANSPOSE]->run.x8_transpose(
            rows, columns, (const uint8_t *)from, from_stride, (uint8_t *)to, to_stride);
    else
        work->kernels->move[MC_MOVE_X32_TRANSPOSE]->run.x32_transpose(
            rows, columns, (const uint32_t *)(const void *)from, from_stride,
            (uint32_t *)(void *)to, to_stride);
}

static void copy_strided(const copy_work *work, const char *from, char *to, size_t count)
{
    const mc_cpu_copy *copy = work->copy;
    ptrdiff_t step = copy->from[copy->rank - 1];
    if (copy->element_nbytes == 1)
        work->kernels->move[MC_MOVE_X8_STRIDED]->run.x8_strided(count, (const uint8_t *)from, step,
                                                                (uint8_t *)to);
    else
        work->kernels->move[MC_MOVE_X32_STRIDED]->run.x32_strided(
            count, (const uint32_t *)(const void *)from, step, (uint32_t *)(void *)to);
}

static void copy_piece(const copy_work *work, const char *from, char *to, size_t count)
{
    if (work->form == MC_CPU_COPY_TURNED) {
        turn(work, from, to, count);
    } else if (work->form == MC_CPU_COPY_STRIDED) {
        copy_strided(work, from, to, count);
    } else if (work->rescale) {
        mc_quantize_operand operand = work->rescale->operand;
        operand.elements = (const uint8_t *)from;
        work->rescale->rescale(count, &operand, &work->rescale->range, (uint8_t *)to);
    } else {
        memcpy(to, from, count * work->copy->element_nbytes);
    }
}

static void do_pieces(void *user, size_t begin, size_t end, size_t worker)
{
    (void)worker;
    const copy_work *work = user;
    const mc_cpu_copy *copy = work->copy;
    uint32_t last = copy->rank - 1;
    for (size_t item = begin; item < end; item++) {
        size_t first = item % work->chunks * work->chunk, rest = item / work->chunks;
        size_t left = copy->extents[work->split] - first;
        ptrdiff_t from = copy->from_offset + (ptrdiff_t)first * copy->from[work->split];
        size_t to = copy->to_offset + first * copy->to[work->split];
        for (uint32_t axis = last; axis-- > 0;) {
            if (axis == work->split)
                continue;
            size_t index = rest % copy->extents[axis];
            rest /= copy->extents[axis];
            from += (ptrdiff_t)index * copy->from[axis];
            to += index * copy->to[axis];
        }
        copy_piece(work, work->input + from * (ptrdiff_t)copy->element_nbytes,
                   work->output + to * copy->element_nbytes,
                   left < work->chunk ? left : work->chunk);
    }
}

void mc_cpu_copy_run(const mc_cpu_copy *copy, const mc_cpu_kernels *kernels,
                     const mc_parallel *parallel, const void *input, void *output,
                     const mc_cpu_copy_rescale *rescale)
{
    copy_work work = {.copy = copy,
                      .kernels = kernels,
                      .rescale = rescale,
                      .input = input,
                      .output = output,
                      .form = mc_cpu_copy_form_of(copy),
                      .split = copy->rank - 1,
                      .chunk = RUN_CHUNK};
    size_t piece = copy->extents[copy->rank - 1], items = 1; /* piece: elements of an item */
    if (work.form == MC_CPU_COPY_TURNED) {
        work.split = find_columns(copy);
        work.chunk = COLUMN_CHUNK;
        piece *= COLUMN_CHUNK;
    }
    for (uint32_t axis = 0; axis + 1 < copy->rank; axis++)
        if (axis != work.split)
            items *= copy->extents[axis];
    work.chunks = (copy->extents[work.split] + work.chunk - 1) / work.chunk;
    mc_parallel_for(parallel, items * work.chunks, MC_CPU_ELEMENT_GRAIN / piece + 1, do_pieces,
                    &work);
}
