/** @file byte_reader.h
 *  Reads bytes that nobody vouches for. A read past the end is remembered and gives zeros: read
 *  freely, ask once. */
#ifndef MC_BYTE_READER_H
#define MC_BYTE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct mc_byte_reader {
    const uint8_t *next;
    const uint8_t *end;
    bool failed; /**< something was read that was not there, or a number did not fit */
} mc_byte_reader;

/** @param data  may be NULL where nbytes is 0 */
static inline mc_byte_reader mc_byte_reader_make(const uint8_t *data, size_t nbytes)
{
    return (mc_byte_reader){.next = data, .end = nbytes ? data + nbytes : data};
}

static inline size_t mc_byte_reader_left(const mc_byte_reader *reader)
{
    return (size_t)(reader->end - reader->next);
}

/** nbytes bytes in place, NULL where fewer are left. */
static inline const uint8_t *mc_read_bytes(mc_byte_reader *reader, size_t nbytes)
{
    if (reader->failed || nbytes > mc_byte_reader_left(reader)) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->next;
    reader->next += nbytes;
    return bytes;
}

static inline uint64_t mc_read_little_endian(mc_byte_reader *reader, size_t nbytes)
{
    const uint8_t *bytes = mc_read_bytes(reader, nbytes);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < nbytes; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline uint8_t mc_read_u8(mc_byte_reader *reader)
{
    return (uint8_t)mc_read_little_endian(reader, 1);
}

static inline uint32_t mc_read_u32(mc_byte_reader *reader)
{
    return (uint32_t)mc_read_little_endian(reader, 4);
}

static inline uint64_t mc_read_u64(mc_byte_reader *reader)
{
    return mc_read_little_endian(reader, 8);
}

/** A variable-length number: seven bits a byte, lowest first, the top bit says that more follow. */
static inline uint64_t mc_read_varint(mc_byte_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = mc_read_u8(reader);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->failed = true;
    return 0;
}

/** A number with a sign: zigzag (0, -1, 1, -2, ...). */
static inline int64_t mc_read_signed(mc_byte_reader *reader)
{
    uint64_t value = mc_read_varint(reader);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/** A text: its length, its bytes and a NUL, in place. NULL where there is none. */
static inline const char *mc_read_text(mc_byte_reader *reader)
{
    uint64_t length = mc_read_varint(reader);
    if (length >= mc_byte_reader_left(reader)) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = mc_read_bytes(reader, (size_t)length + 1);
    if (!bytes || bytes[length] != 0 || memchr(bytes, 0, (size_t)length)) {
        reader->failed = true;
        return NULL;
    }
    return (const char *)bytes;
}

#endif
