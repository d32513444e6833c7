/* Bytes of an encoding, without making it. */
#include <math.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "codec/huffman.h"
#include "storage.h"
#include "tensor/positions.h"

/* -0 keeps its bits and is stored, unless the mask leaves it out. */
static bool is_zero_now(const mc_weight *weight, size_t index)
{
    if (weight->symbols)
        return weight->symbols[index] == mc_weight_zero_symbol(weight, index);
    float value = mc_weight_float(weight, index);
    return value == 0 && !signbit(value);
}

/* Blocks as sparse occupancy has them; an n:m mask can be stored as single elements too. */
static mc_block_walk walk_blocks(const mc_weight *weight)
{
    const mc_block *block = &weight->block;
    return mc_block_walk_begin(weight->rank, weight->shape, block->m ? 1 : block->rows,
                               block->m ? 1 : block->columns);
}

mcomp_status mc_storage_count(const mc_weight *weight, mc_storage_counts *counts)
{
    *counts = (mc_storage_counts){0};
    mc_block_walk walk = walk_blocks(weight);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count, run = 0;
    counts->block_count = walk.block_count;
    counts->runs = mc_alloc(weight->context, walk.block_count * sizeof *counts->runs);
    if (!counts->runs)
        return mc_fail_memory(walk.block_count * sizeof *counts->runs);
    while ((count = mc_block_walk_next(&walk, indices)) > 0) {
        bool kept = false;
        for (size_t i = 0; i < count && !kept; i++)
            kept = !is_zero_now(weight, indices[i]);
        for (size_t i = 0; weight->symbols && i < count; i++) {
            counts->symbols[weight->symbols[indices[i]]]++;
            counts->kept_symbols[weight->symbols[indices[i]]] += kept;
        }
        if (!kept) {
            run++;
            continue;
        }
        counts->kept_elements += count;
        counts->runs[counts->kept_blocks++] = run < UINT32_MAX ? (uint32_t)run : UINT32_MAX;
        run = 0;
    }
    return MCOMP_OK;
}

void mc_storage_counts_clear(const mc_weight *weight, mc_storage_counts *counts)
{
    mc_free(weight->context, counts->runs);
    counts->runs = NULL;
}

static uint64_t bits_to_nbytes(uint64_t bits)
{
    return (bits + 7) / 8;
}

/* A Huffman-coded stream and its code lengths. */
static mcomp_status add_coded(mcomp_context *context, const uint64_t *counts, size_t symbol_count,
                              uint64_t *nbytes)
{
    uint8_t lengths[MC_HUFFMAN_MAX_SYMBOLS];
    mc_buffer written;
    MC_TRY(mc_huffman_build(context, counts, symbol_count, lengths));
    mc_buffer_init(&written, context);
    mc_huffman_lengths_write(lengths, symbol_count, &written);
    *nbytes += written.nbytes + bits_to_nbytes(mc_huffman_cost_bits(counts, lengths, symbol_count));
    mcomp_status status = written.failed ? mc_fail_memory(written.nbytes) : MCOMP_OK;
    mc_buffer_clear(&written);
    return status;
}

/* How often each gap occurs, fillers included. */
static void count_gaps(const mc_storage_counts *counts, unsigned gap_bits, uint64_t *gaps)
{
    const uint32_t filler = (1u << gap_bits) - 1;
    memset(gaps, 0, sizeof *gaps << gap_bits);
    for (size_t i = 0; i < counts->kept_blocks; i++) {
        gaps[filler] += counts->runs[i] / filler;
        gaps[counts->runs[i] % filler]++;
    }
}

static mcomp_status add_gaps(const mc_weight *weight, const mc_storage_counts *counts,
                             const mcomp_encoding *encoding, uint64_t *nbytes)
{
    uint64_t gaps[MC_HUFFMAN_MAX_SYMBOLS], total = 0;
    size_t symbol_count = (size_t)1 << encoding->gap_bits;
    count_gaps(counts, encoding->gap_bits, gaps);
    if (encoding->storage == MCOMP_STORAGE_HUFFMAN)
        return add_coded(weight->context, gaps, symbol_count, nbytes);
    for (size_t i = 0; i < symbol_count; i++)
        total += gaps[i];
    *nbytes += bits_to_nbytes(total * encoding->gap_bits);
    return MCOMP_OK;
}

/* Elements that n:m stores: n of each group, all of a group that has no more. */
static uint64_t group_elements(const mc_weight *weight, const mcomp_encoding *encoding)
{
    mc_block_walk walk = mc_positions_walk(weight->rank, weight->shape, encoding);
    size_t indices[MC_MAX_BLOCK_ELEMENTS], count;
    uint64_t elements = 0;
    while ((count = mc_block_walk_next(&walk, indices)) > 0)
        elements += mc_group_kept(encoding, count);
    return elements;
}

/* n:m keeps zeros of its own where a group has fewer than n others: count what it stores. */
static void count_group_symbols(const mc_weight *weight, uint64_t symbols[256])
{
    memset(symbols, 0, 256 * sizeof *symbols);
    for (size_t i = 0; i < weight->element_count; i++)
        symbols[weight->symbols[i]] += weight->kept[i];
}

mcomp_status mc_storage_nbytes(const mc_weight *weight, const mc_storage_counts *counts,
                               const mcomp_encoding *encoding, uint64_t *nbytes)
{
    uint64_t stored = weight->element_count, group_symbols[256];
    const uint64_t *symbols = counts->symbols;
    *nbytes = 0;
    if (encoding->occupancy == MCOMP_OCCUPANCY_N_M) {
        stored = group_elements(weight, encoding);
        *nbytes += bits_to_nbytes(stored * mc_group_index_bits(encoding));
        if (weight->symbols)
            count_group_symbols(weight, group_symbols);
        symbols = group_symbols;
    } else if (encoding->occupancy == MCOMP_OCCUPANCY_SPARSE) {
        stored = counts->kept_elements;
        symbols = counts->kept_symbols;
        if (encoding->gaps)
            MC_TRY(add_gaps(weight, counts, encoding, nbytes));
        else
            *nbytes += bits_to_nbytes(counts->block_count);
    }
    if (!mc_encoding_has_symbols(encoding))
        *nbytes += stored * (encoding->numeric == MCOMP_NUMERIC_F32 ? 4 : 2);
    else if (encoding->storage == MCOMP_STORAGE_HUFFMAN)
        return add_coded(weight->context, symbols, 256, nbytes);
    else
        *nbytes +=
            bits_to_nbytes(stored * (encoding->storage == MCOMP_STORAGE_RAW ? 8u : encoding->bits));
    return MCOMP_OK;
}
