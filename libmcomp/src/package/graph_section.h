/** @file graph_section.h
 *  A graph's description as bytes: everything but the tensors' contents. */
#ifndef MC_GRAPH_SECTION_H
#define MC_GRAPH_SECTION_H

#include "base/buffer.h"
#include "graph/graph_struct.h"

/** Name, source counts, every value in its order (input, constant or node), outputs. */
void mc_graph_section_write(const mcomp_graph *graph, mc_buffer *out);
/** Build the graph again through the public builder, so that whatever it refuses is refused here.
 *  @param tensors  tensor_count tensors, one a constant, in their order
 *  @param graph    empty; not verified by this call
 *  @retval MCOMP_ERR_CORRUPT, and whatever the builder returns */
mcomp_status mc_graph_section_read(const uint8_t *data, size_t nbytes, mcomp_tensor *const *tensors,
                                   size_t tensor_count, mcomp_graph **out, mcomp_context *context);

void mc_metadata_section_write(const mcomp_graph *graph, mc_buffer *out);
mcomp_status mc_metadata_section_read(const uint8_t *data, size_t nbytes, mcomp_graph *graph);

/** Recipe, notes, and a signal-to-noise ratio a constant. */
void mc_report_section_write(const mcomp_graph *graph, mc_buffer *out);
mcomp_status mc_report_section_read(const uint8_t *data, size_t nbytes, mcomp_graph *graph);

#endif
