#include "deflate.h"

#include <limits.h>
#include <zlib.h>

#include "base/status.h"
#include "byte_reader.h"

/* What a section may inflate to: descriptions are small or they are mostly text and numbers of many
 * kinds, so whatever grows more than this was made to take memory. */
#define FREE_NBYTES   65536u
#define MAX_EXPANSION 64u

static bool is_plausible(uint64_t nbytes, uint64_t packed_nbytes)
{
    return nbytes <= UINT_MAX && nbytes <= FREE_NBYTES + packed_nbytes * MAX_EXPANSION;
}

static void *zlib_allocate(void *context, unsigned count, unsigned nbytes)
{
    return mc_alloc_array(context, count, nbytes);
}

static void zlib_free(void *context, void *pointer)
{
    mc_free(context, pointer);
}

static mcomp_status deflate_at(mcomp_context *context, int level, const void *data, size_t nbytes,
                               mc_buffer *out)
{
    z_stream stream = {.zalloc = zlib_allocate, .zfree = zlib_free, .opaque = context};
    if (deflateInit(&stream, level) != Z_OK)
        return mc_fail_memory(nbytes);
    size_t capacity = deflateBound(&stream, (uLong)nbytes);
    uint8_t *bytes = mc_alloc(context, capacity);
    if (!bytes) {
        deflateEnd(&stream);
        return mc_fail_memory(capacity);
    }
    stream.next_in = (z_const Bytef *)data;
    stream.avail_in = (uInt)nbytes;
    stream.next_out = bytes;
    stream.avail_out = (uInt)capacity;
    int result = deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    if (result == Z_STREAM_END) {
        mc_buffer_append_u64(out, nbytes);
        mc_buffer_append(out, bytes, stream.total_out);
    }
    mc_free(context, bytes);
    MC_REQUIRE(result == Z_STREAM_END, MCOMP_ERR_INTERNAL, "deflate ended with %d", result);
    return out->failed ? mc_fail_memory(out->nbytes) : MCOMP_OK;
}

mcomp_status mc_deflate(mcomp_context *context, const void *data, size_t nbytes, mc_buffer *out)
{
    MC_REQUIRE(nbytes <= UINT_MAX / 2, MCOMP_ERR_LIMIT, "%zu bytes of description are too many",
               nbytes);
    size_t start = out->nbytes;
    MC_TRY(deflate_at(context, Z_BEST_COMPRESSION, data, nbytes, out));
    if (is_plausible(nbytes, out->nbytes - start - sizeof(uint64_t)))
        return MCOMP_OK;
    /* So repetitive that no reader would believe it: the same format, stored. */
    out->nbytes = start;
    return deflate_at(context, Z_NO_COMPRESSION, data, nbytes, out);
}

mcomp_status mc_inflate(mcomp_context *context, const void *data, size_t nbytes, const char *what,
                        uint8_t **out, size_t *out_nbytes)
{
    *out = NULL;
    *out_nbytes = 0;
    mc_byte_reader reader = mc_byte_reader_make(data, nbytes);
    uint64_t stated = mc_read_u64(&reader);
    size_t packed = mc_byte_reader_left(&reader);
    MC_REQUIRE(!reader.failed && packed <= UINT_MAX && is_plausible(stated, packed),
               MCOMP_ERR_CORRUPT, "section %s: its stated size does not fit its %zu bytes", what,
               nbytes);
    uint8_t *bytes = mc_alloc(context, (size_t)stated);
    if (!bytes)
        return mc_fail_memory((size_t)stated);
    z_stream stream = {.zalloc = zlib_allocate, .zfree = zlib_free, .opaque = context};
    if (inflateInit(&stream) != Z_OK) {
        mc_free(context, bytes);
        return mc_fail_memory((size_t)stated);
    }
    stream.next_in = (z_const Bytef *)reader.next;
    stream.avail_in = (uInt)packed;
    stream.next_out = bytes;
    stream.avail_out = (uInt)stated;
    int result = inflate(&stream, Z_FINISH);
    bool whole = result == Z_STREAM_END && stream.total_out == stated && stream.total_in == packed;
    inflateEnd(&stream);
    if (!whole) {
        mc_free(context, bytes);
        if (result == Z_MEM_ERROR)
            return mc_fail_memory((size_t)stated);
        MC_FAIL(MCOMP_ERR_CORRUPT, "section %s: the deflated bytes are damaged", what);
    }
    *out = bytes;
    *out_nbytes = (size_t)stated;
    return MCOMP_OK;
}

uint32_t mc_crc32(uint32_t crc, const void *data, size_t nbytes)
{
    return nbytes ? (uint32_t)crc32_z(crc, data, nbytes) : crc;
}
