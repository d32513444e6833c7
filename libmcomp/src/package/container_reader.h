/** @file container_reader.h
 *  A file's bytes to a graph; the fuzzer enters here, behind the checksums. */
#ifndef MC_CONTAINER_READER_H
#define MC_CONTAINER_READER_H

#include "base/progress.h"
#include "section_table.h"

/** @param[out] out  verified graph */
mcomp_status mc_container_read(mc_file_image *image, mc_checking checking, mc_progress *progress,
                               mcomp_graph **out);

#endif
