/** @file bit_writer.h
 *  Writes bits onto a buffer, the lowest first. Failures are the buffer's. */
#ifndef MC_BIT_WRITER_H
#define MC_BIT_WRITER_H

#include "base/buffer.h"

typedef struct mc_bit_writer {
    mc_buffer *out;
    uint64_t bits;  /**< not written yet, lowest first */
    unsigned count; /**< how many, below 8 between calls */
} mc_bit_writer;

static inline mc_bit_writer mc_bit_writer_make(mc_buffer *out)
{
    return (mc_bit_writer){.out = out};
}

/** Write the lowest bit_count bits of value; bit_count 0 to 32, value below 2^bit_count. */
static inline void mc_bit_writer_put(mc_bit_writer *writer, uint32_t value, unsigned bit_count)
{
    writer->bits |= (uint64_t)value << writer->count;
    writer->count += bit_count;
    while (writer->count >= 8) {
        mc_buffer_append_u8(writer->out, (uint8_t)writer->bits);
        writer->bits >>= 8;
        writer->count -= 8;
    }
}

/** Fill the last byte with zeros. */
static inline void mc_bit_writer_finish(mc_bit_writer *writer)
{
    if (writer->count > 0)
        mc_buffer_append_u8(writer->out, (uint8_t)writer->bits);
    writer->bits = 0;
    writer->count = 0;
}

#endif
