/** @file deflate.h
 *  zlib, for all that is not a weight; its memory comes from the context. */
#ifndef MC_DEFLATE_H
#define MC_DEFLATE_H

#include "base/buffer.h"

/** Append a uint64 with nbytes, then a zlib stream of the bytes, no more than mc_inflate() believes. */
mcomp_status mc_deflate(mcomp_context *context, const void *data, size_t nbytes, mc_buffer *out);

/** Undo mc_deflate(). Refuses a stated size above 64 KiB + 64 times the deflated bytes, so that a
 *  small file cannot take much memory.
 *  @param[in]  what  for messages
 *  @param[out] out   end with mc_free()
 *  @retval MCOMP_ERR_CORRUPT, MCOMP_ERR_OUT_OF_MEMORY */
mcomp_status mc_inflate(mcomp_context *context, const void *data, size_t nbytes, const char *what,
                        uint8_t **out, size_t *out_nbytes);

/** zlib's CRC-32 of any length, continued from `crc` (0 to begin). */
uint32_t mc_crc32(uint32_t crc, const void *data, size_t nbytes);

#endif
