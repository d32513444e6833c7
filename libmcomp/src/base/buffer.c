#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mc_buffer_init(mc_buffer *buffer, mcomp_context *context)
{
    *buffer = (mc_buffer){.context = context};
}

/* Room for nbytes more, or NULL and the failure remembered. */
static uint8_t *extend(mc_buffer *buffer, size_t nbytes)
{
    if (buffer->failed)
        return NULL;
    if (nbytes > buffer->capacity - buffer->nbytes) {
        size_t capacity = buffer->capacity ? buffer->capacity : 256;
        while (capacity - buffer->nbytes < nbytes && capacity <= SIZE_MAX / 2)
            capacity *= 2;
        uint8_t *data = capacity - buffer->nbytes < nbytes
                            ? NULL
                            : mc_realloc(buffer->context, buffer->data, capacity);
        if (!data) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    uint8_t *place = buffer->data + buffer->nbytes;
    buffer->nbytes += nbytes;
    return place;
}

void mc_buffer_append(mc_buffer *buffer, const void *data, size_t nbytes)
{
    uint8_t *place = nbytes ? extend(buffer, nbytes) : NULL;
    if (place)
        memcpy(place, data, nbytes);
}

static void append_little_endian(mc_buffer *buffer, uint64_t value, size_t nbytes)
{
    uint8_t *place = extend(buffer, nbytes);
    for (size_t i = 0; place && i < nbytes; i++)
        place[i] = (uint8_t)(value >> (8 * i));
}

void mc_buffer_append_u8(mc_buffer *buffer, uint8_t value)
{
    append_little_endian(buffer, value, 1);
}

void mc_buffer_append_u32(mc_buffer *buffer, uint32_t value)
{
    append_little_endian(buffer, value, 4);
}

void mc_buffer_append_u64(mc_buffer *buffer, uint64_t value)
{
    append_little_endian(buffer, value, 8);
}

void mc_buffer_append_f32(mc_buffer *buffer, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    append_little_endian(buffer, bits, 4);
}

void mc_buffer_append_format(mc_buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    /* vsnprintf ends with a NUL, which is taken back. */
    uint8_t *place = length >= 0 ? extend(buffer, (size_t)length + 1) : NULL;
    if (place) {
        vsnprintf((char *)place, (size_t)length + 1, format, again);
        buffer->nbytes--;
    }
    va_end(again);
}

void mc_buffer_align(mc_buffer *buffer, size_t alignment)
{
    size_t nbytes = mc_round_up(buffer->nbytes, alignment) - buffer->nbytes;
    uint8_t *place = nbytes ? extend(buffer, nbytes) : NULL;
    if (place)
        memset(place, 0, nbytes);
}

uint8_t *mc_buffer_take(mc_buffer *buffer, size_t *nbytes)
{
    *nbytes = 0;
    if (buffer->failed) {
        mc_buffer_clear(buffer);
        return NULL;
    }
    uint8_t *data = buffer->data ? buffer->data : mc_alloc(buffer->context, 0);
    *nbytes = buffer->nbytes;
    mc_buffer_init(buffer, buffer->context);
    return data;
}

void mc_buffer_clear(mc_buffer *buffer)
{
    mc_free(buffer->context, buffer->data);
    mc_buffer_init(buffer, buffer->context);
}
