/** @file container_make.h
 *  A container as a list of sections with their inflated bytes: taken apart, changed, put together
 *  with good sizes and checksums. Follows docs/format.md and uses nothing of the library. */
#ifndef CONTAINER_MAKE_H
#define CONTAINER_MAKE_H

#include <stdlib.h>

#include "container_edit.h"

typedef struct container_section {
    uint32_t type;
    uint32_t flags; /**< bit 1: deflated in the file */
    uint32_t item;
    uint8_t *data; /**< malloc'd, inflated */
    size_t nbytes;
} container_section;

typedef struct container {
    container_section sections[64];
    size_t count;
} container;

enum { DEFLATED = 2, ALIGNED_NBYTES = 4096 };

static inline container_section *container_add(container *made, uint32_t type, uint32_t flags,
                                               uint32_t item, const void *data, size_t nbytes)
{
    assert_true(made->count < 64);
    container_section *section = &made->sections[made->count++];
    *section = (container_section){.type = type, .flags = flags, .item = item, .nbytes = nbytes};
    section->data = malloc(nbytes + 1);
    if (nbytes)
        memcpy(section->data, data, nbytes);
    return section;
}

static inline container container_parse(uint8_t *file)
{
    container parsed = {.count = 0};
    size_t count = (size_t)get_number(file + AT_COUNT, 4);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = entry_of(file, i);
        const uint8_t *bytes = file + get_number(entry + ENTRY_OFFSET, 8);
        size_t nbytes = get_number(entry + ENTRY_SIZE, 8);
        uint32_t flags = (uint32_t)get_number(entry + ENTRY_FLAGS, 4);
        uint8_t *inflated = NULL;
        if (flags & DEFLATED) {
            uLongf inflated_nbytes = get_number(bytes, 8);
            inflated = malloc(inflated_nbytes + 1);
            assert_int_equal(uncompress(inflated, &inflated_nbytes, bytes + 8, nbytes - 8), Z_OK);
            bytes = inflated;
            nbytes = inflated_nbytes;
        }
        container_add(&parsed, (uint32_t)get_number(entry + ENTRY_TYPE, 4), flags,
                      (uint32_t)get_number(entry + ENTRY_ITEM, 4), bytes, nbytes);
        free(inflated);
    }
    return parsed;
}

/** @return malloc'd */
static inline uint8_t *container_build(const container *made, size_t *nbytes)
{
    size_t capacity = HEADER_NBYTES;
    for (size_t i = 0; i < made->count; i++)
        capacity += ENTRY_NBYTES + 64 + 8 + compressBound(made->sections[i].nbytes);
    uint8_t *file = calloc(capacity, 1);
    memcpy(file, "MCOMP\r\n\x1a", 8);
    put_number(file + AT_COUNT, 4, made->count);
    size_t end = HEADER_NBYTES + made->count * ENTRY_NBYTES;
    for (size_t i = 0; i < made->count; i++) {
        const container_section *section = &made->sections[i];
        if (!(section->flags & DEFLATED) && section->nbytes >= ALIGNED_NBYTES)
            end = (end + 63) / 64 * 64;
        size_t size = section->nbytes;
        if (section->flags & DEFLATED) {
            uLongf packed_nbytes = capacity - end - 8;
            assert_int_equal(
                compress(file + end + 8, &packed_nbytes, section->data, section->nbytes), Z_OK);
            put_number(file + end, 8, section->nbytes);
            size = 8 + packed_nbytes;
        } else if (size) {
            memcpy(file + end, section->data, size);
        }
        uint8_t *entry = entry_of(file, i);
        put_number(entry + ENTRY_TYPE, 4, section->type);
        put_number(entry + ENTRY_FLAGS, 4, section->flags);
        put_number(entry + ENTRY_OFFSET, 8, end);
        put_number(entry + ENTRY_SIZE, 8, size);
        put_number(entry + ENTRY_ITEM, 4, section->item);
        end += size;
    }
    put_number(file + AT_FILE_NBYTES, 8, end);
    fix_checksums(file, end);
    *nbytes = end;
    return file;
}

static inline void container_free(container *made)
{
    for (size_t i = 0; i < made->count; i++)
        free(made->sections[i].data);
    made->count = 0;
}

#endif
