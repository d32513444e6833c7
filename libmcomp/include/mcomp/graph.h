/** @file graph.h
 *  A network: values, nodes and constants; built in order, verified, rewritten, queried.
 *
 *  A graph is built by adding inputs, constants and nodes (a node's inputs must exist already, so a
 *  graph cannot have a cycle), marking outputs and calling mcomp_graph_verify(). A verified graph is
 *  frozen: it may be shared between threads, and whatever changes a network makes a new graph.
 *
 *  The first axis of inputs and activations is the batch and symbolic (MCOMP_BATCH).
 *  Operators follow ONNX's meaning and attribute names (opset 17) unless docs/operators.md says
 *  otherwise; a fused node carries its activation and its residual input itself.
 */
#ifndef MCOMP_GRAPH_H
#define MCOMP_GRAPH_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque, reference counted inside; destroy gives the caller's hold back. */
typedef struct mcomp_graph mcomp_graph;

/** A value's number: 0, 1, ... in the order of adding. */
typedef int32_t mcomp_value;

/** No value: an optional input left out. */
#define MCOMP_NO_VALUE (-1)

/** Extent of the batch axis in shapes of inputs and activations. */
#define MCOMP_BATCH (-1)

/** What an attribute holds. Values are pinned. */
typedef enum mcomp_attribute_type {
    MCOMP_ATTRIBUTE_INTEGERS = 1, /**< one or more int64 */
    MCOMP_ATTRIBUTE_FLOATS = 2,   /**< one or more float32 */
    MCOMP_ATTRIBUTE_TEXT = 3
} mcomp_attribute_type;

/** A named attribute of a node; copied when given, borrowed when queried. */
typedef struct mcomp_attribute {
    const char *name;
    mcomp_attribute_type type;
    size_t count;            /**< elements of integers or floats; for text its length */
    const int64_t *integers; /**< NULL unless type says so */
    const float *floats;
    const char *text;
} mcomp_attribute;

/** What is known of a graph. */
typedef struct mcomp_graph_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t node_count;
    uint32_t value_count;
    uint32_t input_count;
    uint32_t output_count;
    int32_t verified; /**< 1 after mcomp_graph_verify() */
    uint64_t
        parameters; /**< Conv, Gemm, MatMul weights, biases, BatchNorm scale and shift of the source,
                                 before folding; kept by rewrites, compression and files */
    uint64_t float_nbytes; /**< 4 bytes an element of all weights, biases and BatchNorm tensors
                                 (running statistics too) of the source; kept likewise */
    uint64_t macs; /**< multiply-accumulates of Conv, Gemm, MatMul for one image, with padding */
    uint64_t stored_nbytes; /**< sum over constants as they are encoded now */
    const char *name;       /**< the network's name, may be "" */
} mcomp_graph_info;

/** What is known of one value. */
typedef struct mcomp_value_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK]; /**< first extent MCOMP_BATCH for inputs and activations */
    mcomp_dtype dtype;             /**< f32; u8 or s8 for a quantised activation */
    int32_t constant;              /**< 1: mcomp_graph_get_constant() gives its tensor */
    float scale; /**< quantised activation: real = scale * (q - zero_point); else 0 */
    int32_t zero_point;
    int32_t producer; /**< index of the node that makes it, -1 for inputs and constants */
    const char *name;
} mcomp_value_info;

/** What is known of one node. */
typedef struct mcomp_node_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t input_count;
    uint32_t output_count;
    uint32_t attribute_count;
    const mcomp_value *inputs; /**< MCOMP_NO_VALUE where an optional input is left out */
    const mcomp_value *outputs;
    uint64_t macs; /**< for one image */
    const char *name;
    const char *op; /**< "Conv", "Add", ... */
} mcomp_node_info;

/** What mcomp_graph_simplify() did. */
typedef struct mcomp_simplify_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t nodes_before;
    uint32_t nodes_after;
    uint32_t batchnorms_folded;
    uint32_t constants_folded;
    uint32_t no_ops_removed;
    uint32_t activations_fused;
    uint32_t residuals_fused;
    uint32_t quantized_nodes; /**< nodes that compute in integers after folding Q/DQ pairs */
    uint32_t transposes_removed;
    uint32_t affines_folded; /**< Add, Sub, Mul, Div by a constant a channel, folded or joined */
    uint32_t paddings_merged;
    uint32_t reshapes_joined;
    uint32_t operators_recognised; /**< GlobalAveragePool, Gemm, HardSwish, ... spelled otherwise */
} mcomp_simplify_info;

/** Start an empty graph.
 *  @param name  the network's name, NULL for "" */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_create(mcomp_context *context, const char *name,
                                                          mcomp_graph **out);
/** @param graph  may be NULL */
MCOMP_API void mcomp_graph_destroy(mcomp_graph *graph);

/** Add an input, float32.
 *  @param name   not empty, unique among values
 *  @param shape  rank >= 1 extents; the first MCOMP_BATCH, the others > 0
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  name taken, or the graph is verified already */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_add_input(mcomp_graph *graph, const char *name,
                                                             uint32_t rank, const int64_t *shape,
                                                             mcomp_value *out);

/** Add a constant; the graph takes a reference to the tensor, which must not change any more. */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_add_constant(mcomp_graph *graph,
                                                                const char *name,
                                                                mcomp_tensor *tensor,
                                                                mcomp_value *out);

/** Add a node with one output.
 *  @param op               a name that mcomp_operator_name() gives
 *  @param name             node's name and its output's, unique among values, not empty
 *  @param inputs           input_count values made before, MCOMP_NO_VALUE for a left-out optional one
 *  @param attributes       attribute_count attributes; unknown names are refused
 *  @param[out] out         the output value; may be one of inputs, which are read before
 *  @retval MCOMP_ERR_UNSUPPORTED       unknown operator or attribute; names the node
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  an attribute, input count or name out of range; names the node
 *  @retval MCOMP_ERR_SHAPE             shapes do not fit; names node, inputs and extents */
MCOMP_API MCOMP_NODISCARD mcomp_status
mcomp_graph_add_node(mcomp_graph *graph, const char *op, const char *name,
                     const mcomp_value *inputs, size_t input_count,
                     const mcomp_attribute *attributes, size_t attribute_count, mcomp_value *out);

/** Make a value an output of the network, in the order of calls. */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_mark_output(mcomp_graph *graph,
                                                               mcomp_value value);

/** Keep a text with the network (preprocessing, labels, licence ...); replaces one of the same key.
 *  @param key   not empty; at most 4096 of them
 *  @param text  UTF-8, at most 16 MiB */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_set_metadata(mcomp_graph *graph, const char *key,
                                                                const char *text);

/** Check the whole graph and freeze it: at least one output, every input of every node present.
 *  @retval MCOMP_ERR_SHAPE, MCOMP_ERR_INVALID_ARGUMENT  the message names the node */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_verify(mcomp_graph *graph);

/** A new, verified graph that computes the same with fewer nodes: constants and no-ops folded,
 *  Transposes moved to where they cancel, BatchNorm and other scales and shifts of channels folded
 *  into the Conv or Gemm before or after them, padding merged, Q/DQ pairs folded into integer nodes,
 *  activations and residual additions fused. docs/rewrites.md lists all of it.
 *  @param[out] info  may be NULL */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_simplify(mcomp_graph *graph,
                                                            mcomp_simplify_info *info,
                                                            mcomp_graph **out);

/** @param[out] info  struct_size set by the caller */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_get_info(const mcomp_graph *graph,
                                                            mcomp_graph_info *info);
/** @retval MCOMP_END  index is past the last node. Nodes are in an order in which they can run. */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_get_node(const mcomp_graph *graph,
                                                            uint32_t index, mcomp_node_info *info);
/** @retval MCOMP_END  index is past the node's last attribute */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_get_attribute(const mcomp_graph *graph,
                                                                 uint32_t node_index,
                                                                 uint32_t index,
                                                                 mcomp_attribute *out);
/** @retval MCOMP_ERR_NOT_FOUND  no such value */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_get_value(const mcomp_graph *graph,
                                                             mcomp_value value,
                                                             mcomp_value_info *info);
/** @return the tensor of a constant, borrowed; NULL for other values */
MCOMP_API mcomp_tensor *mcomp_graph_get_constant(const mcomp_graph *graph, mcomp_value value);
/** @return the value of input index, MCOMP_NO_VALUE past the last */
MCOMP_API mcomp_value mcomp_graph_get_input(const mcomp_graph *graph, uint32_t index);
/** @return the value of output index, MCOMP_NO_VALUE past the last */
MCOMP_API mcomp_value mcomp_graph_get_output(const mcomp_graph *graph, uint32_t index);
/** @param[out] key,text  borrowed; @retval MCOMP_END  index is past the last entry */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_get_metadata(const mcomp_graph *graph,
                                                                uint32_t index, const char **key,
                                                                const char **text);
/** Name of the operator of this index, from 0 on. @return static text, NULL past the last */
MCOMP_API const char *mcomp_operator_name(uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
