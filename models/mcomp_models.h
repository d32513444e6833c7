/** @file mcomp_models.h
 *  The study's networks, as graphs. A library of its own that uses the public headers only. */
#ifndef MCOMP_MODELS_H
#define MCOMP_MODELS_H

#include "mcomp/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

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
} mcomp_model_info;

/** Options of mcomp_model_create(). */
typedef struct mcomp_model_options {
    uint32_t struct_size; /**< set by mcomp_model_options_init() */
    uint64_t seed;        /**< of random weights; default 0. Trained weights are what they are */
    double width; /**< factor on the channels, default 1; other values where the family has them */
} mcomp_model_options;

/** Fill with defaults. @param[out] options  not NULL */
void mcomp_model_options_init(mcomp_model_options *options);

/** @param index  0, 1, ...
 *  @retval MCOMP_END  index is past the last network */
MCOMP_NODISCARD mcomp_status mcomp_model_get_info(uint32_t index, mcomp_model_info *info);

/** Make a network: a verified graph, as its paper draws it (simplify it before use).
 *  @param options  NULL for defaults
 *  @retval MCOMP_ERR_NOT_FOUND         unknown name; the message lists the known ones
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  the network has no such width */
MCOMP_NODISCARD mcomp_status mcomp_model_create(mcomp_context *context, const char *name,
                                                const mcomp_model_options *options,
                                                mcomp_graph **out);

#ifdef __cplusplus
}
#endif
#endif
