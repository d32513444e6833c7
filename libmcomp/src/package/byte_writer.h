/** @file byte_writer.h
 *  The counterparts of byte_reader.h, onto a buffer. */
#ifndef MC_BYTE_WRITER_H
#define MC_BYTE_WRITER_H

#include <string.h>

#include "base/buffer.h"

static inline void mc_write_varint(mc_buffer *buffer, uint64_t value)
{
    while (value >= 0x80) {
        mc_buffer_append_u8(buffer, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    mc_buffer_append_u8(buffer, (uint8_t)value);
}

static inline void mc_write_signed(mc_buffer *buffer, int64_t value)
{
    mc_write_varint(buffer, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static inline void mc_write_text(mc_buffer *buffer, const char *text)
{
    size_t length = strlen(text);
    mc_write_varint(buffer, length);
    mc_buffer_append(buffer, text, length + 1);
}

#endif
