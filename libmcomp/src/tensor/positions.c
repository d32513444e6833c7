#include "positions.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "codec/bit_writer.h"
#include "codec/gaps.h"
#include "codec/huffman.h"

mc_block_walk mc_positions_walk(uint32_t rank, const int64_t *shape, const mcomp_encoding *encoding)
{
    if (encoding->occupancy == MCOMP_OCCUPANCY_N_M)
        return mc_block_walk_begin(rank, shape, 1, encoding->m);
    if (encoding->occupancy == MCOMP_OCCUPANCY_SPARSE)
        return mc_block_walk_begin(rank, shape, encoding->block_rows, encoding->block_columns);
    return mc_block_walk_begin(rank, shape, 1, 1);
}

unsigned mc_group_index_bits(const mcomp_encoding *encoding)
{
    unsigned bits = 1;
    while ((1u << bits) < encoding->m)
        bits++;
    return bits;
}

size_t mc_group_kept(const mcomp_encoding *encoding, size_t count)
{
    return count < encoding->n ? count : encoding->n;
}

static mcomp_status write_huffman_gaps(mcomp_context *context, const uint16_t *gaps,
                                       size_t gap_count, unsigned gap_bits, mc_buffer *positions,
                                       mc_buffer *gap_lengths)
{
    size_t symbol_count = (size_t)1 << gap_bits;
    uint64_t counts[MC_HUFFMAN_MAX_SYMBOLS] = {0};
    uint8_t lengths[MC_HUFFMAN_MAX_SYMBOLS];
    uint16_t codes[MC_HUFFMAN_MAX_SYMBOLS];
    for (size_t i = 0; i < gap_count; i++)
        counts[gaps[i]]++;
    MC_TRY(mc_huffman_build(context, counts, symbol_count, lengths));
    mc_huffman_codes(lengths, symbol_count, codes);
    mc_huffman_lengths_write(lengths, symbol_count, gap_lengths);
    mc_bit_writer writer = mc_bit_writer_make(positions);
    for (size_t i = 0; i < gap_count; i++)
        mc_bit_writer_put(&writer, codes[gaps[i]], lengths[gaps[i]]);
    mc_bit_writer_finish(&writer);
    return MCOMP_OK;
}

mcomp_status mc_block_flags_write(mcomp_context *context, const mcomp_encoding *encoding,
                                  const uint8_t *flags, size_t block_count, mc_buffer *positions,
                                  mc_buffer *gap_lengths, size_t *gap_count)
{
    *gap_count = 0;
    mc_bit_writer writer = mc_bit_writer_make(positions);
    if (!encoding->gaps) {
        for (size_t i = 0; i < block_count; i++)
            mc_bit_writer_put(&writer, flags[i], 1);
        mc_bit_writer_finish(&writer);
        return MCOMP_OK;
    }
    unsigned gap_bits = encoding->gap_bits;
    *gap_count = mc_gaps_from_kept(flags, block_count, gap_bits, NULL);
    uint16_t *gaps = mc_alloc_array(context, *gap_count, sizeof *gaps);
    if (!gaps)
        return mc_fail_memory(*gap_count * sizeof *gaps);
    mc_gaps_from_kept(flags, block_count, gap_bits, gaps);
    mcomp_status status = MCOMP_OK;
    if (encoding->storage == MCOMP_STORAGE_HUFFMAN) {
        status = write_huffman_gaps(context, gaps, *gap_count, gap_bits, positions, gap_lengths);
    } else {
        for (size_t i = 0; i < *gap_count; i++)
            mc_bit_writer_put(&writer, gaps[i], gap_bits);
        mc_bit_writer_finish(&writer);
    }
    mc_free(context, gaps);
    return status;
}

static mcomp_status read_gaps(const mcomp_tensor *tensor, uint16_t *gaps)
{
    const mc_bytes *bytes = &tensor->parts[MC_PART_POSITIONS];
    unsigned gap_bits = tensor->encoding.gap_bits;
    mc_bit_reader reader = mc_bit_reader_make(bytes->data, bytes->nbytes);
    if (tensor->encoding.storage == MCOMP_STORAGE_HUFFMAN) {
        uint8_t lengths[MC_HUFFMAN_MAX_SYMBOLS];
        const mc_bytes *stored = &tensor->parts[MC_PART_GAP_LENGTHS];
        mc_huffman_decoder decoder;
        MC_TRY(
            mc_huffman_lengths_read(stored->data, stored->nbytes, (size_t)1 << gap_bits, lengths));
        MC_TRY(mc_huffman_decoder_init(tensor->context, lengths, (size_t)1 << gap_bits, &decoder));
        for (size_t i = 0; i < tensor->gap_count && !reader.failed; i++)
            gaps[i] = (uint16_t)mc_huffman_next(&decoder, &reader);
        mc_huffman_decoder_clear(&decoder);
    } else {
        for (size_t i = 0; i < tensor->gap_count && !reader.failed; i++)
            gaps[i] = (uint16_t)mc_bit_reader_take(&reader, gap_bits);
    }
    MC_REQUIRE(mc_bit_reader_done(&reader), MCOMP_ERR_CORRUPT,
               "positions: %zu gaps do not use up their %zu bytes", tensor->gap_count,
               bytes->nbytes);
    return MCOMP_OK;
}

mcomp_status mc_block_flags_read(const mcomp_tensor *tensor, size_t block_count, uint8_t *flags)
{
    const mc_bytes *bytes = &tensor->parts[MC_PART_POSITIONS];
    if (!tensor->encoding.gaps) {
        mc_bit_reader reader = mc_bit_reader_make(bytes->data, bytes->nbytes);
        for (size_t i = 0; i < block_count; i++)
            flags[i] = (uint8_t)mc_bit_reader_take(&reader, 1);
        MC_REQUIRE(mc_bit_reader_done(&reader), MCOMP_ERR_CORRUPT,
                   "positions: %zu flags do not use up their %zu bytes", block_count,
                   bytes->nbytes);
        return MCOMP_OK;
    }
    uint16_t *gaps = mc_alloc_array(tensor->context, tensor->gap_count, sizeof *gaps);
    if (!gaps)
        return mc_fail_memory(tensor->gap_count * sizeof *gaps);
    mcomp_status status = read_gaps(tensor, gaps);
    if (status == MCOMP_OK &&
        !mc_gaps_to_kept(gaps, tensor->gap_count, tensor->encoding.gap_bits, flags, block_count))
        status = mc_fail(MCOMP_ERR_CORRUPT, "positions: a gap leads past the last of %zu places",
                         block_count);
    mc_free(tensor->context, gaps);
    return status;
}
