/** @file ref_unary.h
 *  Operators that make each element from the one in its place. */
#ifndef MC_REF_UNARY_H
#define MC_REF_UNARY_H

#include "ref_device.h"

/** One element of the result, rounded to float32 once. */
typedef float (*mc_unary_fn)(const mc_node_params *params, float x);

/** Call `unary` for every element. */
void mc_ref_unary(const mc_operation *operation, const mc_run *run, mc_unary_fn unary);

#endif
