/** @file huffman.h
 *  Canonical, length-limited Huffman codes (D. A. Huffman, "A Method for the Construction of
 *  Minimum-Redundancy Codes", 1952). Only the lengths are stored; codes follow from them: shorter
 * first, then by symbol; written with the first bit lowest.
 *
 *  Encode: count symbols -> mc_huffman_build() -> mc_huffman_lengths_write() and
 * mc_huffman_codes(). Decode: mc_huffman_lengths_read() -> mc_huffman_decoder_init() ->
 * mc_huffman_next(). */
#ifndef MC_HUFFMAN_H
#define MC_HUFFMAN_H

#include "base/buffer.h"
#include "bit_reader.h"

#define MC_HUFFMAN_MAX_LENGTH  15u
#define MC_HUFFMAN_MAX_SYMBOLS 4096u

/** Code lengths for symbol counts; 0 for symbols that do not occur, 1 where only one does. Optimal
 * where the optimum is no longer than 15 bits; else counts are halved until it is.
 *  @param counts   symbol_count of them, their sum below 2^63
 *  @param lengths  symbol_count, written. O(n log n) */
mcomp_status mc_huffman_build(mcomp_context *context, const uint64_t *counts, size_t symbol_count,
                              uint8_t *lengths);

/** Bits that all symbols take under these lengths. */
uint64_t mc_huffman_cost_bits(const uint64_t *counts, const uint8_t *lengths, size_t symbol_count);

/** Canonical codes, the first bit lowest. */
void mc_huffman_codes(const uint8_t *lengths, size_t symbol_count, uint16_t *codes);

/** Lengths as bytes: four bits each; a zero is followed by four bits that say how many more zeros
 * follow; zeros at the end are left out. */
void mc_huffman_lengths_write(const uint8_t *lengths, size_t symbol_count, mc_buffer *out);

/** @param[out] lengths  symbol_count
 *  @retval MCOMP_ERR_CORRUPT  more symbols than symbol_count, or no prefix code has these lengths
 */
mcomp_status mc_huffman_lengths_read(const uint8_t *data, size_t nbytes, size_t symbol_count,
                                     uint8_t *lengths);

typedef struct mc_huffman_decoder {
    mcomp_context *context;
    uint32_t *table;     /**< 2^table_bits entries: symbol << 8 | length; length 0 = no such code */
    unsigned table_bits; /**< the longest length, 0 where no symbol exists */
} mc_huffman_decoder;

/** @param lengths  checked by mc_huffman_lengths_read() */
mcomp_status mc_huffman_decoder_init(mcomp_context *context, const uint8_t *lengths,
                                     size_t symbol_count, mc_huffman_decoder *out);
void mc_huffman_decoder_clear(mc_huffman_decoder *decoder);

/** The next symbol; on a code that does not exist the reader fails and 0 comes back. */
static inline uint32_t mc_huffman_next(const mc_huffman_decoder *decoder, mc_bit_reader *reader)
{
    if (reader->count < MC_HUFFMAN_MAX_LENGTH)
        mc_bit_reader_refill(reader);
    uint32_t entry = decoder->table[reader->bits & ((1u << decoder->table_bits) - 1)];
    unsigned length = entry & 0xff;
    if (length == 0 || length > reader->count) {
        reader->failed = true;
        return 0;
    }
    reader->bits >>= length;
    reader->count -= length;
    return entry >> 8;
}

#endif
