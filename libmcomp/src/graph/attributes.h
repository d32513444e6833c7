/** @file attributes.h
 *  What operators ask of their node: attributes, activations and constant inputs, checked; messages
 *  begin with "node NAME: ". */
#ifndef MC_ATTRIBUTES_H
#define MC_ATTRIBUTES_H

#include "graph_struct.h"

/** An integer in [low, high]; *value keeps what it holds where the node has no such attribute. */
mcomp_status mc_attribute_integer(const mc_node *node, const char *name, int64_t low, int64_t high,
                                  int32_t *value);
/** As mc_attribute_integer(), exactly count of them. */
mcomp_status mc_attribute_integers(const mc_node *node, const char *name, size_t count, int64_t low,
                                   int64_t high, int32_t *values);
/** An integer that must be 0 or 1. */
mcomp_status mc_attribute_bool(const mc_node *node, const char *name, bool *value);
/** At most capacity integers, *count of them: 0 where the node has no such attribute. */
mcomp_status mc_attribute_integer_list(const mc_node *node, const char *name, int64_t *values,
                                       uint32_t capacity, uint32_t *count);
/** One float, not NaN. */
mcomp_status mc_attribute_float(const mc_node *node, const char *name, float *value);
/** One float, finite. */
mcomp_status mc_attribute_finite(const mc_node *node, const char *name, float *value);
mcomp_status mc_attribute_text(const mc_node *node, const char *name, const char **value);
/** An axis in [-rank, rank) made >= 0. */
mcomp_status mc_attribute_axis(const mc_node *node, uint32_t rank, int32_t *axis);
/** One axis of a list, in [-rank, rank), made >= 0; marks it in seen, by axis: none comes twice. */
mcomp_status mc_node_axis(const mc_node *node, uint32_t rank, int64_t given, bool *seen,
                          uint32_t *axis);
/** activation_low and activation_high; one left out is infinite. */
mcomp_status mc_attribute_activation(const mc_node *node, mc_activation *activation);
/** output_mean and output_deviation: channel_count floats each, or none. */
mcomp_status mc_attribute_statistics(const mc_node *node, int64_t channel_count);

/** Can activations be quantised with it? From 2^-125 on: then a denormal, which devices flush to
 * zero, is less than half a step and becomes the integer of 0 either way. */
bool mc_is_scale(float scale);
/** Does the node compute in integers? */
bool mc_node_is_quantized(const mcomp_graph *graph, const mc_node *node);
/** dtype, scale and zero point of the output from the attributes output_*: a float node has none,
 * an integer node all three. */
mcomp_status mc_node_quantize_output(const mcomp_graph *graph, const mc_node *node,
                                     mc_value *output);
/** The same for an operator that moves elements: those of input 0; attributes, if any, must agree.
 */
mcomp_status mc_node_keep_quantization(const mcomp_graph *graph, const mc_node *node,
                                       mc_value *output);

/** Input index is an activation, float32 or quantised: a value with a batch axis. */
mcomp_status mc_node_check_activation(const mcomp_graph *graph, const mc_node *node,
                                      uint32_t index);
/** ... float32. */
mcomp_status mc_node_check_float(const mcomp_graph *graph, const mc_node *node, uint32_t index);
/** ... of that rank. */
mcomp_status mc_node_check_rank(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                uint32_t rank);
/** ... of that rank or more. */
mcomp_status mc_node_check_least_rank(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                      uint32_t rank);
/** Input index is a value without a batch axis that holds float32: a weight. */
mcomp_status mc_node_check_weight(const mcomp_graph *graph, const mc_node *node, uint32_t index);
/** Products of two bytes that a sum in an int32 can have. */
#define MC_INTEGER_MAX_TERMS ((uint64_t)INT32_MAX / (255 * 255))
/** Weight and bias of an integer Conv or Gemm: uniform symbols, int32, and sums of term_count
 * products that fit an int32. */
mcomp_status mc_node_check_integer_weight(const mcomp_graph *graph, const mc_node *node,
                                          uint64_t term_count);
/** The bias, input 2: none, or [channel_count] (or broadcastable to it). */
mcomp_status mc_node_check_bias(const mcomp_graph *graph, const mc_node *node,
                                int64_t channel_count);

/** Constant input index as integers (int32 or int64), 1-D or a scalar, at most capacity of them. */
mcomp_status mc_node_constant_integers(const mcomp_graph *graph, const mc_node *node,
                                       uint32_t index, int64_t *values, uint32_t capacity,
                                       uint32_t *count);
/** Constant input index as one float32, not NaN. */
mcomp_status mc_node_constant_float(const mcomp_graph *graph, const mc_node *node, uint32_t index,
                                    float *value);

/** *product *= factor. @retval MCOMP_ERR_LIMIT  it does not fit */
mcomp_status mc_node_multiply(const mc_node *node, uint64_t *product, int64_t factor);

#endif
