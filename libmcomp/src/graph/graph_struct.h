/** @file graph_struct.h
 *  What a graph holds. Operators, rewrites, the file format, devices and passes read it; only
 *  graph/ changes it. */
#ifndef MC_GRAPH_STRUCT_H
#define MC_GRAPH_STRUCT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "mcomp/graph.h"

/** What a node does to its result before it stores it. */
typedef struct mc_activation {
    bool clamp; /**< result = min(max(result, low), high), NaN stays NaN */
    float low;  /**< Relu: 0 and +infinity */
    float high;
} mc_activation;

/** Conv, MaxPool, AveragePool: a window over H and W. */
typedef struct mc_window {
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left, pad_bottom, pad_right;
} mc_window;

/** What a Pad fills with: a value, the nearest element, or the elements mirrored at the first and
 * the last one, which are not repeated. */
typedef enum mc_pad_mode { MC_PAD_CONSTANT, MC_PAD_EDGE, MC_PAD_REFLECT } mc_pad_mode;

/** Attributes of a node, parsed and checked once, by its operator. Members by operator:
 *  Conv: inputs x, w [O, I / group, kh, kw], bias [O] or none, residual (same shape as the output)
 *        or none: y = activation(conv(x, w) + bias + residual).
 *  Gemm: inputs x [N, K], w, bias [O] or none. w is [O, K] where transpose_b, else [K, O].
 *        alpha = beta = 1.
 *  MatMul: inputs a [N, ..., K] and b: a weight (mc_node_reads_weight()) that lies as Gemm's, or
 *        an activation or constant of rank 3 or more, [..., K, O].
 *  Add, Sub, Mul, Div: inputs a, b, one of them an activation at least, broadcast to each other;
 *        y = activation(a op b). A constant of Add and Mul is input 1, whichever was given first.
 *  Quantised outputs (dtype u8, s8) of Conv, Gemm, Add, Concat, Pad, pools: value->scale,
 *  zero_point. */
typedef struct mc_node_params {
    mc_window window;              /**< Conv, MaxPool, AveragePool */
    int32_t group;                 /**< Conv */
    bool transpose_b;              /**< Gemm, MatMul */
    bool count_include_pad;        /**< AveragePool */
    bool ceil_mode;                /**< pools; the output shape already says so */
    int32_t axis;                  /**< Concat, Flatten, Softmax; normalised to >= 0 */
    float epsilon;                 /**< BatchNormalization */
    float alpha, beta;             /**< LeakyRelu (alpha), HardSigmoid, LRN */
    float bias;                    /**< LRN */
    int32_t size;                  /**< LRN: channels in a sum */
    bool reduced[MCOMP_MAX_RANK];  /**< ReduceMean: by axis */
    int32_t perm[MCOMP_MAX_RANK];  /**< Transpose: the input's axis, by the output's */
    mc_pad_mode pad_mode;          /**< Pad */
    float pad_value;               /**< Pad, constant mode */
    int64_t begin[MCOMP_MAX_RANK]; /**< Slice: first index; Pad: elements before */
    int64_t end[MCOMP_MAX_RANK];   /**< Pad: elements after */
    int64_t step[MCOMP_MAX_RANK];  /**< Slice: not 0, may be negative */
    mc_activation activation;      /**< Conv, Gemm, Add, Sub, Mul, Div; Relu and Clip themselves */
} mc_node_params;

typedef struct mc_value {
    const char *name;
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
    mcomp_dtype dtype;
    float scale; /**< quantised activation, else 0 */
    int32_t zero_point;
    int32_t producer;          /**< node index, -1 for inputs and constants */
    mcomp_tensor *constant;    /**< a reference of the graph's, or NULL */
    double sqnr_db;            /**< constant: against the source, +infinity = unchanged */
    const char *encoding_text; /**< constant: as mcomp_encoding_format(), integers by their dtype */
} mc_value;

typedef struct mc_operator mc_operator;

typedef struct mc_node {
    const mc_operator *op;
    const char *name;
    mcomp_value *inputs;
    uint32_t input_count;
    mcomp_value output;
    mcomp_attribute *attributes; /**< as given; params is what they mean */
    uint32_t attribute_count;
    mc_node_params params;
    uint64_t macs; /**< for one image */
} mc_node;

typedef struct mc_metadata {
    const char *key;
    const char *text;
} mc_metadata;

struct mcomp_graph {
    atomic_size_t references;
    mcomp_context *context;
    mc_arena arena; /**< names, attributes, metadata, notes */
    const char *name;
    bool verified;
    mc_value *values;
    uint32_t value_count, value_capacity;
    mc_node *nodes;
    uint32_t node_count, node_capacity;
    mcomp_value *inputs;
    uint32_t input_count, input_capacity;
    mcomp_value *outputs;
    uint32_t output_count, output_capacity;
    mc_metadata *metadata;
    uint32_t metadata_count, metadata_capacity;
    const char **notes;
    uint32_t note_count, note_capacity;
    const char *recipe;     /**< canonical text, "" if none */
    mcomp_value *names;     /**< hash table over the values' names, MCOMP_NO_VALUE = free */
    uint32_t name_capacity; /**< a power of two, or 0 */
    uint64_t parameters;    /**< of the source; computed by verify unless set before */
    uint64_t float_nbytes;
    bool source_counts_set;
};

/** An operator: its name, what it accepts, and its shape. One a file. */
struct mc_operator {
    const char *name;                /**< ONNX's */
    uint32_t min_inputs, max_inputs; /**< max UINT32_MAX: any number */
    const char *const *attributes;   /**< names accepted, NULL-terminated */
    /** Parse attributes into node->params, check inputs, set shape, dtype, scale and zero point of
     *  the output and node->macs. Messages begin with "node NAME: ". */
    mcomp_status (*infer)(const mcomp_graph *graph, mc_node *node, mc_value *output);
};

/** @return NULL for an unknown name */
const mc_operator *mc_operator_find(const char *name);
/** true where a node is of this operator, e.g. mc_node_is(node, "Conv") */
bool mc_node_is(const mc_node *node, const char *op);
/** @return NULL where the node has none of that name */
const mcomp_attribute *mc_node_attribute(const mc_node *node, const char *name);
/** Value of input index; NULL where it is left out. */
const mc_value *mc_node_input(const mcomp_graph *graph, const mc_node *node, uint32_t index);
/** Elements of one image of a value (shape without the batch axis), or of all for a constant. */
size_t mc_value_element_count(const mc_value *value);
/** Have two values the same extents? */
bool mc_value_same_shape(const mc_value *a, const mc_value *b);
/** Is input 1 a weight: that of a Conv or Gemm, or the matrix without a batch of a MatMul? */
bool mc_node_reads_weight(const mcomp_graph *graph, const mc_node *node);
/** Does such a weight lie [inputs, outputs], as that of a Gemm or MatMul without transB? */
bool mc_node_weight_is_inputs_first(const mc_node *node);
/** Is the node's weight one that recipes may touch: of a node that computes in float32, and
 * constant? */
bool mc_node_has_weight(const mcomp_graph *graph, const mc_node *node);
/** Conv with as many groups as input channels, more than one. */
bool mc_node_is_depthwise(const mcomp_graph *graph, const mc_node *node);

mcomp_graph *mc_graph_retain(mcomp_graph *graph);

/** A new verified graph, the same but for constants: replacements[v] replaces constant v, NULL
 * keeps it; value_count entries. Keeps metadata, recipe, notes, source counts, sqnr. */
mcomp_status mc_graph_copy_with_constants(mcomp_graph *graph, mcomp_tensor *const *replacements,
                                          mcomp_graph **out);
/** Metadata, recipe, notes and source counts, from a verified graph to one that is not verified
 * yet. */
mcomp_status mc_graph_copy_annotations(const mcomp_graph *source, mcomp_graph *copy);
/** The following three only before the graph is shared. */
mcomp_status mc_graph_set_recipe(mcomp_graph *graph, const char *text);
mcomp_status mc_graph_add_note(mcomp_graph *graph, const char *text);
void mc_graph_set_sqnr(mcomp_graph *graph, mcomp_value constant, double sqnr_db);
/** Parameters and float_nbytes of the source, for a graph read from a file; before verify. */
void mc_graph_set_source_counts(mcomp_graph *graph, uint64_t parameters, uint64_t float_nbytes);

#endif
