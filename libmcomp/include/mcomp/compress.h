/** @file compress.h
 *  Recipes: a list of passes, applied to a network's weights.
 *
 *  Recipe text: passes separated by ';' or line breaks, each a name and `parameter=value` words:
 *
 *      prune.magnitude sparsity=0.8 scope=global; share.kmeans bits=5; encode.huffman
 *
 *  Every pass also takes `skip=` and `only=`: globs over node names, several with commas. Passes touch
 *  weights of Conv, Gemm and MatMul, never biases; depth-wise ones only when `only` names them.
 */
#ifndef MCOMP_COMPRESS_H
#define MCOMP_COMPRESS_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque. Belongs to one thread at a time. */
typedef struct mcomp_recipe mcomp_recipe;

/** A pass. */
typedef struct mcomp_pass_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t parameter_count;
    const char *name;    /**< "prune.magnitude" */
    const char *summary; /**< one line */
    const char *source;  /**< the paper or page that the method comes from */
} mcomp_pass_info;

/** A parameter of a pass. */
typedef struct mcomp_parameter_info {
    uint32_t struct_size; /**< set by the caller */
    const char *name;
    const char *type;          /**< "real", "integer", "choice", "block" (RxC or N:M), "globs" */
    const char *default_value; /**< as text; "" = must be given (real, integer), none (globs) */
    double min;                /**< real and integer: inclusive bounds */
    double max;
    const char *choices; /**< choice: the words, with '|'; else "" */
    const char *summary;
} mcomp_parameter_info;

/** Gives samples for calibration, on the thread that called mcomp_compress().
 *  @param index  0, 1, ... below sample_count
 *  @param input  float32 [1, ...] of the network's input, to be filled
 *  @return 0 done; anything else stops with MCOMP_ERR_CANCELLED */
typedef int (*mcomp_batch_fn)(void *user, uint64_t index, mcomp_tensor *input);

/** Options of mcomp_compress(). */
typedef struct mcomp_compress_options {
    uint32_t struct_size; /**< set by mcomp_compress_options_init() */
    uint64_t seed;        /**< for passes that draw random numbers; default 0 */
    mcomp_batch_fn batch; /**< calibration samples, NULL: none */
    void *batch_user;
    uint64_t sample_count;      /**< samples that batch can give */
    mcomp_progress_fn progress; /**< may be NULL */
    void *progress_user;
} mcomp_compress_options;

/** What became of one constant. */
typedef struct mcomp_tensor_report {
    uint32_t struct_size; /**< set by the caller */
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK];
    const char *name;
    const char *encoding;   /**< as mcomp_encoding_format() */
    uint64_t values;        /**< elements */
    uint64_t nonzero;       /**< elements that decode to something other than 0 */
    uint64_t stored_nbytes; /**< all parts */
    uint64_t
        entropy_bound_nbytes; /**< order-0 entropy of the symbols, zero included, rounded up to bytes,
                                       plus codebook, scales and zero points; raw bytes for floats */
    double sqnr_db; /**< 10 log10(signal / error) against the source; +infinity: unchanged */
} mcomp_tensor_report;

/** @retval MCOMP_END  index is past the last pass */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_pass_get_info(uint32_t index, mcomp_pass_info *info);
/** @retval MCOMP_END  index is past the last pass or parameter */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_pass_get_parameter(uint32_t pass_index, uint32_t index,
                                                                mcomp_parameter_info *info);

/** Parse recipe text.
 *  @param text  UTF-8, at most 1 MiB, at least one pass
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  unknown pass, parameter or word, value out of bounds, an order that
 *                                      cannot work; names it and lists what is known */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_recipe_create(mcomp_context *context, const char *text,
                                                           mcomp_recipe **out);
/** @param recipe  may be NULL */
MCOMP_API void mcomp_recipe_destroy(mcomp_recipe *recipe);
/** Canonical text: passes joined by "; ", parameters in the pass's order, defaults left out.
 *  @return borrowed from the recipe */
MCOMP_API const char *mcomp_recipe_text(const mcomp_recipe *recipe);

/** Fill with defaults. */
MCOMP_API void mcomp_compress_options_init(mcomp_compress_options *options);

/** Apply a recipe. The source stays as it is.
 *  @param graph    verified; it is simplified first (BatchNorm folded) if it was not
 *  @param options  NULL for defaults
 *  @param[out] out verified graph that carries recipe and report
 *  @retval MCOMP_ERR_UNSUPPORTED  the passes ask for an encoding that does not exist; names tensor and parts
 *  @retval MCOMP_ERR_CANCELLED, MCOMP_ERR_OUT_OF_MEMORY */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_compress(mcomp_graph *graph,
                                                      const mcomp_recipe *recipe,
                                                      const mcomp_compress_options *options,
                                                      mcomp_graph **out);

/** Report of constant index, in the graph's order; works for every verified graph.
 *  @retval MCOMP_END  index is past the last constant */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_graph_get_report(mcomp_graph *graph, uint32_t index,
                                                              mcomp_tensor_report *info);
/** Canonical recipe that made the graph, "" if none did. @return borrowed */
MCOMP_API const char *mcomp_graph_get_recipe(const mcomp_graph *graph);
/** Notes of the passes, e.g. a tensor left as it was and why. @return borrowed; NULL past the last */
MCOMP_API const char *mcomp_graph_get_note(const mcomp_graph *graph, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
