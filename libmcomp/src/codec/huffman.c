#include "huffman.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "bit_writer.h"

/* A symbol or an inner node of the tree; parents come after their children. */
typedef struct tree_node {
    uint64_t count;
    uint32_t symbol; /**< leaves */
    uint32_t parent;
} tree_node;

static int compare_leaves(const void *a, const void *b)
{
    const tree_node *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->symbol < y->symbol ? -1 : 1;
}

/* Depths of the leaves [0, leaf_count), sorted by count, in nodes[] of twice that room (van
 * Leeuwen's two queues: leaves, and inner nodes in the order of their making). Returns the greatest
 * depth. */
static unsigned build_tree(tree_node *nodes, size_t leaf_count, uint8_t *depths)
{
    size_t next_leaf = 0, next_inner = leaf_count, end = leaf_count;
    while (end < 2 * leaf_count - 1) {
        nodes[end].count = 0;
        for (int child = 0; child < 2; child++) {
            bool take_leaf =
                next_leaf < leaf_count &&
                (next_inner == end || nodes[next_leaf].count <= nodes[next_inner].count);
            tree_node *least = take_leaf ? &nodes[next_leaf++] : &nodes[next_inner++];
            least->parent = (uint32_t)end;
            nodes[end].count += least->count;
        }
        end++;
    }
    unsigned greatest = 0;
    depths[end - 1] = 0;
    for (size_t i = end - 1; i-- > 0;) {
        depths[i] = (uint8_t)(depths[nodes[i].parent] + (depths[nodes[i].parent] < UINT8_MAX));
        if (depths[i] > greatest)
            greatest = depths[i];
    }
    return greatest;
}

mcomp_status mc_huffman_build(mcomp_context *context, const uint64_t *counts, size_t symbol_count,
                              uint8_t *lengths)
{
    memset(lengths, 0, symbol_count);
    size_t nbytes = 2 * symbol_count * (sizeof(tree_node) + 1);
    tree_node *nodes = mc_alloc(context, nbytes);
    if (!nodes)
        return mc_fail_memory(nbytes);
    uint8_t *depths = (uint8_t *)(nodes + 2 * symbol_count);
    size_t leaf_count = 0;
    for (size_t i = 0; i < symbol_count; i++)
        if (counts[i] > 0)
            nodes[leaf_count++] = (tree_node){.count = counts[i], .symbol = (uint32_t)i};
    if (leaf_count == 1) {
        lengths[nodes[0].symbol] = 1;
    } else if (leaf_count > 1) {
        qsort(nodes, leaf_count, sizeof *nodes, compare_leaves);
        /* Halving keeps the order, so sorting once is enough. */
        while (build_tree(nodes, leaf_count, depths) > MC_HUFFMAN_MAX_LENGTH)
            for (size_t i = 0; i < leaf_count; i++)
                nodes[i].count = (nodes[i].count + 1) / 2;
        for (size_t i = 0; i < leaf_count; i++)
            lengths[nodes[i].symbol] = depths[i];
    }
    mc_free(context, nodes);
    return MCOMP_OK;
}

uint64_t mc_huffman_cost_bits(const uint64_t *counts, const uint8_t *lengths, size_t symbol_count)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < symbol_count; i++)
        bits += counts[i] * lengths[i];
    return bits;
}

static uint16_t reverse_bits(uint32_t code, unsigned length)
{
    uint32_t reversed = 0;
    for (unsigned i = 0; i < length; i++)
        reversed |= ((code >> i) & 1) << (length - 1 - i);
    return (uint16_t)reversed;
}

void mc_huffman_codes(const uint8_t *lengths, size_t symbol_count, uint16_t *codes)
{
    uint32_t next[MC_HUFFMAN_MAX_LENGTH + 2] = {0};
    uint32_t of_length[MC_HUFFMAN_MAX_LENGTH + 1] = {0};
    for (size_t i = 0; i < symbol_count; i++)
        of_length[lengths[i]]++;
    of_length[0] = 0;
    for (unsigned length = 1; length <= MC_HUFFMAN_MAX_LENGTH; length++)
        next[length + 1] = (next[length] + of_length[length]) << 1;
    for (size_t i = 0; i < symbol_count; i++)
        codes[i] = lengths[i] ? reverse_bits(next[lengths[i]]++, lengths[i]) : 0;
}

void mc_huffman_lengths_write(const uint8_t *lengths, size_t symbol_count, mc_buffer *out)
{
    while (symbol_count > 0 && lengths[symbol_count - 1] == 0)
        symbol_count--;
    mc_bit_writer writer = mc_bit_writer_make(out);
    for (size_t i = 0; i < symbol_count;) {
        mc_bit_writer_put(&writer, lengths[i], 4);
        if (lengths[i++] != 0)
            continue;
        uint32_t more = 0;
        while (more < 15 && lengths[i] == 0) {
            more++;
            i++;
        }
        mc_bit_writer_put(&writer, more, 4);
    }
    mc_bit_writer_finish(&writer);
}

/* Do the lengths use up the whole code space? One lone symbol of length 1 is allowed not to. */
static bool is_prefix_code(const uint8_t *lengths, size_t symbol_count)
{
    uint64_t used = 0;
    size_t present = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        if (lengths[i] == 0)
            continue;
        used += 1u << (MC_HUFFMAN_MAX_LENGTH - lengths[i]);
        present++;
    }
    uint64_t whole = 1u << MC_HUFFMAN_MAX_LENGTH;
    return present == 0 || used == whole || (present == 1 && used == whole / 2);
}

mcomp_status mc_huffman_lengths_read(const uint8_t *data, size_t nbytes, size_t symbol_count,
                                     uint8_t *lengths)
{
    memset(lengths, 0, symbol_count);
    mc_bit_reader reader = mc_bit_reader_make(data, nbytes);
    size_t nibbles = nbytes <= SIZE_MAX / 2 ? 2 * nbytes : 0;
    size_t symbol = 0;
    while (nibbles > 0) {
        uint8_t length = (uint8_t)mc_bit_reader_take(&reader, 4);
        nibbles--;
        if (length == 0 && nibbles == 0)
            break; /* the last byte's upper half */
        size_t zeros = 0;
        if (length == 0) {
            zeros = 1 + mc_bit_reader_take(&reader, 4);
            nibbles--;
        }
        MC_REQUIRE(symbol + (zeros ? zeros : 1) <= symbol_count, MCOMP_ERR_CORRUPT,
                   "Huffman code of more than %zu symbols", symbol_count);
        if (zeros > 0)
            symbol += zeros;
        else
            lengths[symbol++] = length;
    }
    MC_REQUIRE(is_prefix_code(lengths, symbol_count), MCOMP_ERR_CORRUPT,
               "Huffman code lengths that make no prefix code");
    return MCOMP_OK;
}

mcomp_status mc_huffman_decoder_init(mcomp_context *context, const uint8_t *lengths,
                                     size_t symbol_count, mc_huffman_decoder *out)
{
    *out = (mc_huffman_decoder){.context = context};
    for (size_t i = 0; i < symbol_count; i++)
        if (lengths[i] > out->table_bits)
            out->table_bits = lengths[i];
    size_t entry_count = (size_t)1 << out->table_bits;
    uint16_t *codes = mc_alloc_array(context, symbol_count, sizeof *codes);
    out->table = mc_alloc_array(context, entry_count, sizeof *out->table);
    if (!codes || !out->table) {
        mc_free(context, codes);
        mc_huffman_decoder_clear(out);
        return mc_fail_memory(entry_count * sizeof *out->table);
    }
    mc_huffman_codes(lengths, symbol_count, codes);
    for (size_t i = 0; i < symbol_count; i++)
        for (size_t entry = codes[i]; lengths[i] && entry < entry_count;
             entry += (size_t)1 << lengths[i])
            out->table[entry] = (uint32_t)i << 8 | lengths[i];
    mc_free(context, codes);
    return MCOMP_OK;
}

void mc_huffman_decoder_clear(mc_huffman_decoder *decoder)
{
    if (decoder->context)
        mc_free(decoder->context, decoder->table);
    *decoder = (mc_huffman_decoder){0};
}
