#include "element_order.h"

static size_t blocks_along(size_t extent, size_t block)
{
    return (extent + block - 1) / block;
}

mc_block_walk mc_block_walk_begin(uint32_t rank, const int64_t *shape, size_t rows, size_t columns)
{
    mc_block_walk walk = {.outputs = rank > 0 ? (size_t)shape[0] : 1,
                          .inputs = rank > 1 ? (size_t)shape[1] : 1,
                          .taps = 1,
                          .rows = rows,
                          .columns = columns};
    for (uint32_t axis = 2; axis < rank; axis++)
        walk.taps *= (size_t)shape[axis];
    walk.block_count =
        blocks_along(walk.outputs, rows) * blocks_along(walk.inputs, columns) * walk.taps;
    if (walk.block_count == 0)
        walk.output = walk.outputs;
    return walk;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t mc_block_walk_next(mc_block_walk *walk, size_t *indices)
{
    if (walk->output >= walk->outputs)
        return 0;
    size_t count = 0;
    size_t rows = smaller(walk->rows, walk->outputs - walk->output);
    size_t columns = smaller(walk->columns, walk->inputs - walk->input);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            indices[count++] =
                ((walk->output + row) * walk->inputs + walk->input + column) * walk->taps +
                walk->tap;
    if (++walk->tap == walk->taps) {
        walk->tap = 0;
        walk->input += walk->columns;
        if (walk->input >= walk->inputs) {
            walk->input = 0;
            walk->output += walk->rows;
        }
    }
    return count;
}
