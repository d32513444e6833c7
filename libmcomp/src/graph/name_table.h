/** @file name_table.h
 *  Values by name: names are unique, and a file may hold very many of them. */
#ifndef MC_NAME_TABLE_H
#define MC_NAME_TABLE_H

#include "graph_struct.h"

/** @return MCOMP_NO_VALUE where no value has that name */
mcomp_value mc_name_table_find(const mcomp_graph *graph, const char *name);
/** Make room for one more name. */
mcomp_status mc_name_table_reserve(mcomp_graph *graph);
/** Enter a value that has its name already; after a reserve. */
void mc_name_table_enter(mcomp_graph *graph, mcomp_value value);

#endif
