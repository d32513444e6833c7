/** @file tensor_section.h
 *  Tensors in a file: their directory, and their bytes in one section each. */
#ifndef MC_TENSOR_SECTION_H
#define MC_TENSOR_SECTION_H

#include "section_table.h"
#include "tensor/tensor_struct.h"

/** One tensor's line in the directory. */
void mc_directory_write(const mcomp_tensor *tensor, mc_buffer *out);
/** Must the tensor's section begin at a multiple of 64? */
bool mc_tensor_section_aligned(const mcomp_tensor *tensor);
/** The byte strings of a tensor's section, in their order. @return how many, at most MC_PART_COUNT
 */
size_t mc_tensor_section_parts(const mcomp_tensor *tensor, mc_bytes parts[MC_PART_COUNT]);

/** All tensors of a file. Encoded ones and aligned plain ones use the image in place and hold it.
 *  @param[out] out    tensors, each a reference of the caller's; the array ends with mc_free()
 *  @param[out] count  how many */
mcomp_status mc_tensors_read(const mcomp_package *package, const uint8_t *directory, size_t nbytes,
                             mc_checking checking, mcomp_tensor ***out, size_t *count);
/** Let go of all and of the array. */
void mc_tensors_release(mcomp_context *context, mcomp_tensor **tensors, size_t count);

#endif
