/** @file session.h
 *  A session: a plan made ready to run, with packed weights and planned activation memory.
 */
#ifndef MCOMP_SESSION_H
#define MCOMP_SESSION_H

#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque. A session belongs to one thread at a time; several sessions may run at once: one of them
 *  has the context's threads, the others run on their own thread meanwhile. */
typedef struct mcomp_session mcomp_session;

/** Options of mcomp_session_create(). */
typedef struct mcomp_session_options {
    uint32_t struct_size;       /**< set by mcomp_session_options_init() */
    mcomp_progress_fn progress; /**< called while weights are packed and between the steps of a run,
                                     with a node's name as stage; may be NULL */
    void *progress_user;
} mcomp_session_options;

/** What is known of a session. */
typedef struct mcomp_session_info {
    uint32_t struct_size; /**< set by the caller */
    uint32_t step_count;
    uint64_t weights_nbytes;     /**< packed weights held */
    uint64_t activations_nbytes; /**< activations and workspace held */
    uint64_t load_ns;            /**< time that mcomp_session_create() took */
} mcomp_session_info;

/** Fill with defaults. */
MCOMP_API void mcomp_session_options_init(mcomp_session_options *options);

/** Pack the weights and reserve all memory.
 *  @param options  NULL for defaults; copied
 *  @retval MCOMP_ERR_CORRUPT        a weight's stored bytes contradict themselves
 *  @retval MCOMP_ERR_CANCELLED      progress asked to stop
 *  @retval MCOMP_ERR_OUT_OF_MEMORY, MCOMP_ERR_DEVICE */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_session_create(mcomp_plan *plan,
                                                            const mcomp_session_options *options,
                                                            mcomp_session **out);

/** @param session  may be NULL */
MCOMP_API void mcomp_session_destroy(mcomp_session *session);

/** Run once. Allocates nothing after the first call.
 *  @param inputs   input_count plain tensors in the graph's order: float32, the plan's batch
 *  @param outputs  output_count plain tensors of the caller's, written; must not overlap inputs
 *  @retval MCOMP_ERR_SHAPE             a count, shape or dtype does not fit; names the input or output
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  an input holds a NaN; names input and element
 *  @retval MCOMP_ERR_CANCELLED         progress asked to stop; the outputs hold anything */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_session_run(mcomp_session *session,
                                                         mcomp_tensor *const *inputs,
                                                         size_t input_count,
                                                         mcomp_tensor *const *outputs,
                                                         size_t output_count);

/** Time every step of the following runs (on = 1) or none (on = 0, default). */
MCOMP_API void mcomp_session_set_profiling(mcomp_session *session, int on);

/** Time of a step in the last run made while profiling.
 *  @param[out] start_ns     since the start of that run
 *  @param[out] duration_ns
 *  @retval MCOMP_END                   index is past the last step
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  no run was profiled yet */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_session_get_step_time(const mcomp_session *session,
                                                                   uint32_t index,
                                                                   uint64_t *start_ns,
                                                                   uint64_t *duration_ns);

/** @param[out] info  struct_size set by the caller */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_session_get_info(const mcomp_session *session,
                                                              mcomp_session_info *info);

#ifdef __cplusplus
}
#endif
#endif
