/** @file buffer.h
 *  A growing run of bytes. A failed append is remembered: append freely, ask once at the end. */
#ifndef MC_BUFFER_H
#define MC_BUFFER_H

#include "alloc.h"

typedef struct mc_buffer {
    mcomp_context *context;
    uint8_t *data;
    size_t nbytes;
    size_t capacity;
    bool failed; /**< an append ran out of memory */
} mc_buffer;

void mc_buffer_init(mc_buffer *buffer, mcomp_context *context);
void mc_buffer_append(mc_buffer *buffer, const void *data, size_t nbytes);
/** Append little-endian integers and raw float bits. */
void mc_buffer_append_u8(mc_buffer *buffer, uint8_t value);
void mc_buffer_append_u32(mc_buffer *buffer, uint32_t value);
void mc_buffer_append_u64(mc_buffer *buffer, uint64_t value);
void mc_buffer_append_f32(mc_buffer *buffer, float value);
void mc_buffer_append_format(mc_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Zeros until nbytes is a multiple of alignment. */
void mc_buffer_align(mc_buffer *buffer, size_t alignment);
/** Hand the bytes over (end with mc_free()); the buffer is empty after. NULL where it failed. */
uint8_t *mc_buffer_take(mc_buffer *buffer, size_t *nbytes);
void mc_buffer_clear(mc_buffer *buffer);

#endif
