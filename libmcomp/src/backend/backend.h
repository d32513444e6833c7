/** @file backend.h
 *  The device interface. A device answers questions about nodes and makes operations that run them;
 *  the planner asks, it does not know. All built-in devices are named in registry.c only. */
#ifndef MC_BACKEND_H
#define MC_BACKEND_H

#include "base/thread_pool.h"
#include "graph/graph_struct.h"

typedef struct mc_device mc_device;
typedef struct mc_operation mc_operation;

/** The question: how would you run this node for this batch? */
typedef struct mc_request {
    const mcomp_graph *graph; /**< verified */
    uint32_t node_index;
    int64_t batch;
} mc_request;

/** One answer. Texts are static or live as long as the device. */
typedef struct mc_candidate {
    const char *kernel;      /**< symbol of the innermost routine */
    const char *arithmetic;  /**< "f32" or "int8" */
    const char *layout;      /**< layout read and written: "NCHW" */
    const char *decoding;    /**< "none" or "at load" */
    const char *why;         /**< what speaks for it, one line */
    double predicted_ns;     /**< by the device's cost model */
    size_t weights_nbytes;   /**< packed weights it will hold */
    size_t workspace_nbytes; /**< scratch during a run, for all workers */
    int32_t tag;             /**< the device's own: which implementation */
} mc_candidate;

/** Memory of one run of one operation. Pointers are 64-byte aligned, except those that are the
 *  caller's own tensors; a device must not rely on it. */
typedef struct mc_run {
    const void *const
        *inputs; /**< activations by input index; NULL for constants and left-out ones */
    void *output;
    void *workspace; /**< workspace_nbytes of the candidate */
    const mc_parallel *parallel;
} mc_run;

struct mc_device {
    const struct mc_device_ops *ops;
    mcomp_context *context; /**< not retained: the context owns its devices */
    const char *id;
    const char *kind;
    const char *name;
    const char *detail;
    bool available;
    const char *reason; /**< why not available, else "" */
};

typedef struct mc_device_ops {
    /** Answers for a node, best first. *count = 0 and a reason (one line, no node name) where it
     * cannot run it: that is not an error. */
    mcomp_status (*list_candidates)(mc_device *device, const mc_request *request,
                                    mc_candidate *candidates, size_t capacity, size_t *count,
                                    char *reason, size_t reason_capacity);
    /** Pack weights, keep what a run needs. The graph outlives the operation. */
    mcomp_status (*prepare)(mc_device *device, const mc_request *request,
                            const mc_candidate *candidate, mc_operation **out);
    /** Run; cannot fail, allocates nothing. */
    void (*run)(const mc_operation *operation, const mc_run *run);
    void (*end_operation)(mc_device *device, mc_operation *operation);
    void (*close)(mc_device *device);
} mc_device_ops;

/** Makes one device; an unavailable one is made too, with its reason. */
typedef mcomp_status (*mc_device_open_fn)(mcomp_context *context, mc_device **out);

/** The built-in devices, in the order of listing; NULL-terminated. */
extern const mc_device_open_fn mc_device_registry[];

/** A reason's longest text with NUL. */
#define MC_REASON_CAPACITY 256

#endif
