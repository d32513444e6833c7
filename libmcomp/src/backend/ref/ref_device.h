/** @file ref_device.h
 *  The reference: every operator in plain C, floats accumulated in double, integers as
 * docs/operators.md says. One operator a file; graph/operators.def is the list. Other devices may
 * take a routine from here where they have nothing better, and say so. */
#ifndef MC_REF_DEVICE_H
#define MC_REF_DEVICE_H

#include "backend/operation.h"

/** The routine of an operator; never NULL for a node of operators.def. */
const mc_routine *mc_ref_routine(const mc_node *node);

mcomp_status mc_ref_device_open(mcomp_context *context, mc_device **out);

#endif
