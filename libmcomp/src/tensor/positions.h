/** @file positions.h
 *  Which blocks (sparse) or group members (n:m) are stored, and how that is written. */
#ifndef MC_POSITIONS_H
#define MC_POSITIONS_H

#include "base/buffer.h"
#include "element_order.h"
#include "tensor_struct.h"

/** The walk over an encoding's blocks or groups; dense: single elements. */
mc_block_walk mc_positions_walk(uint32_t rank, const int64_t *shape,
                                const mcomp_encoding *encoding);
/** Bits of an index within a group of m. */
unsigned mc_group_index_bits(const mcomp_encoding *encoding);
/** n:m: elements stored of a group that has `count` of them. */
size_t mc_group_kept(const mcomp_encoding *encoding, size_t count);

/** Sparse: write the flags of all blocks as bitmap or gaps.
 *  @param[out] gap_count    entries, fillers included; 0 for a bitmap
 *  @param[out] gap_lengths  huffman: the code's lengths are appended here */
mcomp_status mc_block_flags_write(mcomp_context *context, const mcomp_encoding *encoding,
                                  const uint8_t *flags, size_t block_count, mc_buffer *positions,
                                  mc_buffer *gap_lengths, size_t *gap_count);

/** Sparse: flags of all blocks from a tensor's parts.
 *  @param flags  block_count, all written
 *  @retval MCOMP_ERR_CORRUPT */
mcomp_status mc_block_flags_read(const mcomp_tensor *tensor, size_t block_count, uint8_t *flags);

#endif
