/** @file mcomp_models.h
 *  The study's networks, as graphs. A library of its own that uses the public headers only. */
#ifndef MCOMP_MODELS_H
#define MCOMP_MODELS_H

#include "mcomp/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Largest height and width of an input, pixels. */
#define MCOMP_MODEL_MAX_SIZE 4096

/** What is known of a network before it is made. */
typedef struct mcomp_model_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t rank;
    int64_t shape[MCOMP_MAX_RANK]; /**< of its input, the first extent MCOMP_BATCH */
    uint32_t classes;
    uint32_t year;      /**< of publication */
    const char *name;   /**< "lenet5" */
    const char *family; /**< "lenet" */
    const char *source; /**< the paper, and whose variant it is */
    int32_t trained;    /**< 1: brings trained weights; 0: seeded random ones */
    uint32_t layers;    /**< with weights: Conv and Gemm */
    uint32_t depth;     /**< of these, how many stand on the longest way through the network */
    uint32_t published_depth; /**< as its paper counts, 0: not published */
    uint64_t parameters;      /**< at width 1 and the input above; as mcomp_graph_info counts */
    uint64_t macs;            /**< likewise */
    int64_t min_size;         /**< least height and width of the input, pixels; 0: shape's only */
    int64_t size_step;        /**< height and width are multiples of this */
    double min_width;         /**< least factor on the channels; 1: the only one */
    /** As published; NaN: not published. Accuracies: ImageNet validation set, percent. */
    double published_parameters, published_macs, published_top1, published_top5;
    const char *published; /**< where, and how it was tested */
} mcomp_model_info;

/** Options of mcomp_model_create(). */
typedef struct mcomp_model_options {
    uint32_t struct_size; /**< set by mcomp_model_options_init() */
    uint64_t seed;        /**< of random weights; default 0. Trained weights are what they are */
    double width; /**< factor on the channels, default 1; other values where the family has them */
    int64_t size; /**< height and width of the input, pixels; default 0: as mcomp_model_info says */
} mcomp_model_options;

/** Fill with defaults. @param[out] options  not NULL */
void mcomp_model_options_init(mcomp_model_options *options);

/** @param index  0, 1, ...
 *  @retval MCOMP_END  index is past the last network */
MCOMP_NODISCARD mcomp_status mcomp_model_get_info(uint32_t index, mcomp_model_info *info);

/** Make a network: a verified graph, as its paper draws it (simplify it before use).
 *  @param options  NULL for defaults
 *  @retval MCOMP_ERR_NOT_FOUND         unknown name; the message lists the known ones
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  the network has no such width or size */
MCOMP_NODISCARD mcomp_status mcomp_model_create(mcomp_context *context, const char *name,
                                                const mcomp_model_options *options,
                                                mcomp_graph **out);

#ifdef __cplusplus
}
#endif
#endif
