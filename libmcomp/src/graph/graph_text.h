/** @file graph_text.h
 *  Names, keys and texts of a graph are UTF-8, whoever wrote them. */
#ifndef MC_GRAPH_TEXT_H
#define MC_GRAPH_TEXT_H

#include "mcomp/base.h"

/** @param what  for the message
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  text is not UTF-8 */
mcomp_status mc_text_check(const char *what, const char *text);

#endif
