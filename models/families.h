/** @file families.h
 *  One function a network; models.c lists them. */
#ifndef MC_FAMILIES_H
#define MC_FAMILIES_H

#include "network.h"

void mc_model_lenet5(mc_network *network);

#endif
