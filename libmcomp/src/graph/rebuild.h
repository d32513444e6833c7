/** @file rebuild.h
 *  How a rewrite makes its graph: first it decides, marking values whose node goes away as aliases;
 *  then it goes through the source's nodes in order and copies each, changes it or leaves it out.
 *  Inputs come along at the beginning, constants when something reads them; dead nodes do not. */
#ifndef MC_REBUILD_H
#define MC_REBUILD_H

#include "graph_struct.h"

typedef struct mc_rebuild {
    mcomp_graph *source;
    mcomp_graph *result;
    mc_arena arena;     /**< the arrays below and the rewrite's own, all by source value or node */
    mcomp_value *map;   /**< a value in the result; MCOMP_NO_VALUE: not made yet */
    mcomp_value *alias; /**< the source value that stands for this one, or MCOMP_NO_VALUE */
    const char **names; /**< what the value will be called */
    uint32_t *reader_counts; /**< inputs of live nodes that it is */
    int32_t *readers;        /**< one live node that reads it */
    bool *is_output;
    bool *live; /**< by node: an output depends on it */
} mc_rebuild;

/** End with mc_rebuild_end(), also after a failure. */
mcomp_status mc_rebuild_begin(mcomp_graph *source, mc_rebuild *rebuild);
/** Outputs, metadata and so on; gives the verified result. */
mcomp_status mc_rebuild_finish(mc_rebuild *rebuild, mcomp_graph **out);
void mc_rebuild_end(mc_rebuild *rebuild);

/** Adds the nodes of a result. */
typedef mcomp_status (*mc_rebuild_fn)(mc_rebuild *rebuild, mcomp_simplify_info *info);
/** A whole rewrite that needs nothing else: begin, the function, finish, end. */
mcomp_status mc_rebuild_run(mcomp_graph *source, mc_rebuild_fn rewrite, mcomp_simplify_info *info,
                            mcomp_graph **out);

/** The source value at the end of a value's aliases. */
mcomp_value mc_rebuild_resolve(const mc_rebuild *rebuild, mcomp_value value);
/** The node that makes a value; NULL for inputs and constants. */
const mc_node *mc_rebuild_producer(const mc_rebuild *rebuild, mcomp_value value);
/** Does one node read the value, and nobody else? */
bool mc_rebuild_has_sole_reader(const mc_rebuild *rebuild, mcomp_value value);
/** From now on `into` stands for value, and takes its name where that is an output's.
 *  @return false, and nothing done, where both are outputs, or value is and no node makes `into` */
bool mc_rebuild_replace(mc_rebuild *rebuild, mcomp_value value, mcomp_value into);

/** The value in the result; MCOMP_NO_VALUE for MCOMP_NO_VALUE. */
mcomp_status mc_rebuild_get(mc_rebuild *rebuild, mcomp_value value, mcomp_value *out);
/** Copy a node with other attributes: `changes` replace those of the same name, or come on top. */
mcomp_status mc_rebuild_copy_changed(mc_rebuild *rebuild, const mc_node *node,
                                     const mcomp_attribute *changes, size_t change_count);
/** Copy a node as it is. */
mcomp_status mc_rebuild_copy(mc_rebuild *rebuild, const mc_node *node);
/** A node's attributes with changes, in the rebuild's arena. */
mcomp_status mc_rebuild_attributes(mc_rebuild *rebuild, const mc_node *node,
                                   const mcomp_attribute *changes, size_t change_count,
                                   const mcomp_attribute **out, size_t *count);
/** Add a new constant and let go of the caller's reference to it, whatever happens.
 *  @param name  free in the result */
mcomp_status mc_rebuild_add_constant(mc_rebuild *rebuild, const char *name, mcomp_tensor *tensor,
                                     mcomp_value *out);
/** Add a node like `node`, called `name`, with other inputs (in the result) and changed attributes. */
mcomp_status mc_rebuild_add_node(mc_rebuild *rebuild, const mc_node *node, const char *name,
                                 const mcomp_value *inputs, size_t input_count,
                                 const mcomp_attribute *changes, size_t change_count,
                                 mcomp_value *out);
/** Add a constant of int64, called stem and suffix or the like. */
mcomp_status mc_rebuild_add_integers(mc_rebuild *rebuild, const char *stem, const char *suffix,
                                     const int64_t *values, size_t count, mcomp_value *out);
/** Add the constant that Reshape reads for a result of that shape, the batch first. */
mcomp_status mc_rebuild_add_shape(mc_rebuild *rebuild, const char *stem, uint32_t rank,
                                  const int64_t *shape, mcomp_value *out);
/** Add a Reshape of a value of the result. */
mcomp_status mc_rebuild_add_reshape(mc_rebuild *rebuild, const char *name, mcomp_value input,
                                    uint32_t rank, const int64_t *shape, mcomp_value *out);
/** A name that no value of source or result has: stem and suffix, then a number.
 *  @return NULL when out of memory */
const char *mc_rebuild_unique_name(mc_rebuild *rebuild, const char *stem, const char *suffix);
/** Attributes, over the caller's elements. */
mcomp_attribute mc_attribute_of_integers(const char *name, const int64_t *values, size_t count);
mcomp_attribute mc_attribute_of_floats(const char *name, const float *values, size_t count);
mcomp_attribute mc_attribute_of_text(const char *name, const char *text);
/** Attributes activation_low and activation_high. */
void mc_activation_attributes(const mc_activation *activation, mcomp_attribute attributes[2]);
/** First one, then the other. */
mc_activation mc_activation_compose(const mc_activation *first, const mc_activation *second);

#endif
