/** @file bit_reader.h
 *  Reads what bit_writer.h wrote, from bytes that nobody vouches for: past the end it gives zeros
 *  and remembers. */
#ifndef MC_BIT_READER_H
#define MC_BIT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct mc_bit_reader {
    const uint8_t *next;
    const uint8_t *end;
    uint64_t bits;  /**< read ahead, the next one lowest */
    unsigned count; /**< how many are valid */
    bool failed;    /**< more was taken than there is */
} mc_bit_reader;

/** @param data  may be NULL where nbytes is 0 */
static inline mc_bit_reader mc_bit_reader_make(const uint8_t *data, size_t nbytes)
{
    return (mc_bit_reader){.next = data, .end = nbytes ? data + nbytes : data};
}

/** At least 57 bits ready, or all that are left. */
static inline void mc_bit_reader_refill(mc_bit_reader *reader)
{
    while (reader->count <= 56 && reader->next < reader->end) {
        reader->bits |= (uint64_t)*reader->next++ << reader->count;
        reader->count += 8;
    }
}

static inline void mc_bit_reader_drop(mc_bit_reader *reader, unsigned bit_count)
{
    if (bit_count > reader->count) {
        reader->failed = true;
        bit_count = reader->count;
    }
    reader->bits = bit_count < 64 ? reader->bits >> bit_count : 0;
    reader->count -= bit_count;
}

/** The next bit_count bits, 0 to 32. */
static inline uint32_t mc_bit_reader_take(mc_bit_reader *reader, unsigned bit_count)
{
    if (reader->count < bit_count)
        mc_bit_reader_refill(reader);
    uint32_t value = (uint32_t)(reader->bits & ((1ull << bit_count) - 1));
    mc_bit_reader_drop(reader, bit_count);
    return value;
}

/** Was all read and nothing more, the last byte's zeros aside? */
static inline bool mc_bit_reader_done(const mc_bit_reader *reader)
{
    return !reader->failed && reader->next == reader->end && reader->count < 8 && reader->bits == 0;
}

#endif
