/** @file container_edit.h
 *  Changes the bytes of a container: fields by offset, checksums made good again. It knows the
 *  format from docs/format.md and uses nothing of the library but its CRC-32. */
#ifndef CONTAINER_EDIT_H
#define CONTAINER_EDIT_H

#include <zlib.h>

#include "support/cmocka_all.h"

enum {
    HEADER_NBYTES = 32,
    ENTRY_NBYTES = 32,
    AT_VERSION = 8,
    AT_COUNT = 12,
    AT_FILE_NBYTES = 16,
    AT_TABLE_CRC = 24,
    AT_HEADER_CRC = 28,
    ENTRY_TYPE = 0,
    ENTRY_FLAGS = 4,
    ENTRY_OFFSET = 8,
    ENTRY_SIZE = 16,
    ENTRY_CRC = 24,
    ENTRY_ITEM = 28
};

static inline uint64_t get_number(const uint8_t *bytes, size_t nbytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < nbytes; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline void put_number(uint8_t *bytes, size_t nbytes, uint64_t value)
{
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static inline uint8_t *entry_of(uint8_t *file, size_t index)
{
    return file + HEADER_NBYTES + index * ENTRY_NBYTES;
}

/** Index of the nth section of a type. */
static inline size_t find_section(uint8_t *file, uint32_t type, size_t nth)
{
    size_t count = (size_t)get_number(file + AT_COUNT, 4);
    for (size_t i = 0; i < count; i++)
        if (get_number(entry_of(file, i) + ENTRY_TYPE, 4) == type && nth-- == 0)
            return i;
    fail_msg("no section of type %u", type);
    return 0;
}

/** Make all checksums good that can be: of sections inside the file, of the table, of the header. */
static inline void fix_checksums(uint8_t *file, size_t nbytes)
{
    if (nbytes < HEADER_NBYTES)
        return;
    uint64_t count = get_number(file + AT_COUNT, 4);
    if (count <= (nbytes - HEADER_NBYTES) / ENTRY_NBYTES) {
        for (size_t i = 0; i < count; i++) {
            uint8_t *entry = entry_of(file, i);
            uint64_t offset = get_number(entry + ENTRY_OFFSET, 8);
            uint64_t size = get_number(entry + ENTRY_SIZE, 8);
            if (offset <= nbytes && size <= nbytes - offset)
                put_number(entry + ENTRY_CRC, 4, crc32_z(0, file + offset, size));
        }
        put_number(file + AT_TABLE_CRC, 4, crc32_z(0, entry_of(file, 0), count * ENTRY_NBYTES));
    }
    put_number(file + AT_HEADER_CRC, 4, crc32_z(0, file, AT_HEADER_CRC));
}

#endif
