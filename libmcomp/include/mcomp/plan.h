/** @file plan.h
 *  A plan: for each node, which device runs it with which kernel, layout and decoding, and why.
 */
#ifndef MCOMP_PLAN_H
#define MCOMP_PLAN_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque. A plan keeps its graph alive and may be shared between threads. */
typedef struct mcomp_plan mcomp_plan;

/** Options of mcomp_plan_create(). */
typedef struct mcomp_plan_options {
    uint32_t struct_size; /**< set by mcomp_plan_options_init() */
    int64_t batch;        /**< images a run, 1 to 65536; default 1 */
    const char *devices;  /**< ids by priority, with commas; NULL: "cpu" */
    const char
        *objective; /**< "latency", "throughput", "energy" or "memory"; NULL: "latency". With one
                                 device and one kernel a node they all choose alike */
    uint64_t memory_limit; /**< bytes of weights and activations, 0: none */
} mcomp_plan_options;

/** What is known of a plan. */
typedef struct mcomp_plan_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t step_count;
    int64_t batch;
    uint64_t activations_nbytes; /**< planned memory for activations, reuse counted */
    uint64_t live_peak_nbytes; /**< largest set of activations alive at once: the least possible */
    uint64_t workspace_nbytes; /**< scratch shared by all steps */
    uint64_t weights_nbytes;   /**< packed weights that a session will hold */
    /** Sum over steps. The cost model is not calibrated by measurements: it ranks choices, and real
     *  times may be many times higher. */
    double predicted_ns;
    const char *objective;
} mcomp_plan_info;

/** One step: a node placed. */
typedef struct mcomp_step_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t node_index;  /**< in the graph */
    const char *node;
    const char *op;
    const char *device;     /**< id */
    const char *kernel;     /**< symbol of the kernel, e.g. "mc_f32_gemm_6x16__avx2" */
    const char *arithmetic; /**< "f32", "int8": a property of the node, never changed by planning */
    const char *encoding;   /**< of the node's weight, "" where it has none */
    const char *decoding;   /**< how the kernel gets at it: "none", "at load" */
    const char *layout;     /**< layout in which it writes: "NCHW" */
    const char *why;        /**< the reason of the choice, one line */
    double predicted_ns;    /**< as in mcomp_plan_info */
    uint64_t transfer_nbytes; /**< bytes moved between devices before this step */
    uint64_t macs;            /**< for the whole batch */
} mcomp_step_info;

/** Fill with defaults. */
MCOMP_API void mcomp_plan_options_init(mcomp_plan_options *options);

/** Choose for every node of a verified graph. Never measures.
 *  @param options  NULL for defaults; copied
 *  @retval MCOMP_ERR_NOT_FOUND    unknown device id; the message lists the known ones
 *  @retval MCOMP_ERR_UNSUPPORTED  no listed device can run some node; names node and each reason
 *  @retval MCOMP_ERR_LIMIT        memory_limit is below what is needed; gives both */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_plan_create(mcomp_graph *graph,
                                                         const mcomp_plan_options *options,
                                                         mcomp_plan **out);
/** @param plan  may be NULL */
MCOMP_API void mcomp_plan_destroy(mcomp_plan *plan);
/** @param[out] info  struct_size set by the caller */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_plan_get_info(const mcomp_plan *plan,
                                                           mcomp_plan_info *info);
/** @retval MCOMP_END  index is past the last step */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_plan_get_step(const mcomp_plan *plan, uint32_t index,
                                                           mcomp_step_info *info);

#ifdef __cplusplus
}
#endif
#endif
