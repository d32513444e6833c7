/** @file gaps.h
 *  Positions as gaps (relative indices; Han, Mao, Dally, "Deep Compression", ICLR 2016, with
 * fillers that carry no value): a gap g < 2^gap_bits - 1 skips g places and keeps one; g =
 * 2^gap_bits - 1 skips that many and keeps none. */
#ifndef MC_GAPS_H
#define MC_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Gaps of the kept places, fillers included. Nothing is written for what follows the last kept
 * place.
 *  @param kept  place_count flags
 *  @param gaps  written; NULL: only counted
 *  @return how many gaps. O(place_count) */
size_t mc_gaps_from_kept(const uint8_t *kept, size_t place_count, unsigned gap_bits,
                         uint16_t *gaps);

/** Flags from gaps.
 *  @param kept  place_count flags, all written
 *  @return false where a gap leads past the last place, or the last one is a filler */
bool mc_gaps_to_kept(const uint16_t *gaps, size_t gap_count, unsigned gap_bits, uint8_t *kept,
                     size_t place_count);

#endif
