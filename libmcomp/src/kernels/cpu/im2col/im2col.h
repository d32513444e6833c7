/** @file im2col.h
 *  Columns of a convolution as a GEMM's B: column = output pixel, depth = (channel, kernel row,
 * kernel column), packed in panels as gemm.h says; what lies in the padding is 0. */
#ifndef MC_IM2COL_H
#define MC_IM2COL_H

#include <stddef.h>
#include <stdint.h>

/** A convolution's geometry, for the channels of one group. */
typedef struct mc_im2col_shape {
    size_t channels, height, width; /**< of the input */
    size_t output_width;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} mc_im2col_shape;

/** Pack output pixels [first, first + count) in panels of panel_columns.
 *  @param input   [channels][height][width]
 *  @param packed  count rounded up to panels x depth floats */
void mc_f32_im2col(const mc_im2col_shape *shape, const float *input, size_t first, size_t count,
                   size_t panel_columns, float *packed);

/** The same for quantised elements, as int16 of q - zero_point, depth in pairs.
 *  @param is_signed  elements are int8, else uint8 */
void mc_s16_im2col(const mc_im2col_shape *shape, const void *input, int is_signed,
                   int32_t zero_point, size_t first, size_t count, size_t panel_columns,
                   int16_t *packed);

/** The same for quantised elements as int8, depth in quads: signed ones as they are, others minus 128.
 *  @param filler  what stands in the padding and past the depth: the zero point in that form */
void mc_s8_im2col(const mc_im2col_shape *shape, const void *input, int is_signed, int8_t filler,
                  size_t first, size_t count, size_t panel_columns, int8_t *packed);

#endif
