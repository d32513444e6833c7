/** @file ref_move.h
 *  Operators that only move elements, whatever their dtype. */
#ifndef MC_REF_MOVE_H
#define MC_REF_MOVE_H

#include "ref_device.h"

/** Bytes of one element of the output. */
size_t mc_move_element_nbytes(const mc_operation *operation);
/** Copy input 0 to the output, which has as many elements. */
void mc_move_all(const mc_operation *operation, const mc_run *run);

#endif
