/** @file catalog.h
 *  The list of networks: what is known of each, and who builds it. */
#ifndef MC_CATALOG_H
#define MC_CATALOG_H

#include <stddef.h>

#include "network.h"

typedef struct mc_catalog_entry {
    mcomp_model_info info;
    void (*build)(mc_network *network);
} mc_catalog_entry;

extern const mc_catalog_entry mc_catalog[];
extern const size_t mc_catalog_count;

#endif
