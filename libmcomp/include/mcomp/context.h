/** @file context.h
 *  A context: allocator, thread pool, instruction-set cap and the devices of this machine.
 *
 *  A context may be shared between threads. Everything made from it keeps it alive, so it may be
 *  destroyed first.
 */
#ifndef MCOMP_CONTEXT_H
#define MCOMP_CONTEXT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque. */
typedef struct mcomp_context mcomp_context;

/** Where memory comes from. All three functions or none; each must be safe to call from any thread.
 *  The library asks for at most 64-byte alignment and adds it itself. */
typedef struct mcomp_allocator {
    void *user;                                   /**< given to each function */
    void *(*allocate)(void *user, size_t nbytes); /**< NULL on failure; nbytes > 0 */
    void (*deallocate)(void *user, void *pointer, size_t nbytes); /**< pointer is never NULL */
} mcomp_allocator;

/** Options of mcomp_context_create(). */
typedef struct mcomp_context_options {
    uint32_t struct_size; /**< set by mcomp_context_options_init() */
    uint32_t threads;     /**< 1 to 256; 0: MCOMP_THREADS, else the cores this process may use */
    const char *isa_cap;  /**< upper bound on instruction sets: scalar avx2 avxvnni avx512f
                                     avx512vnni neon neondot; NULL: MCOMP_ISA, else no bound. A cap
                                     above the machine is no error; an unknown name is */
    mcomp_allocator allocator; /**< all NULL: malloc and free */
} mcomp_context_options;

/** What a context came out as. */
typedef struct mcomp_context_info {
    uint32_t struct_size;     /**< set by the caller */
    uint32_t threads;         /**< threads that take part in a run, the caller's included */
    const char *isa;          /**< best instruction set that is allowed and present, e.g. "avx2" */
    const char *isa_detected; /**< best one that the machine has */
    const char *cpu_name;     /**< the processor's own name, "" where unknown */
    uint32_t device_count;    /**< devices known, available or not */
} mcomp_context_info;

/** What is known of one device. */
typedef struct mcomp_device_info {
    uint32_t struct_size; /**< set by the caller */
    int32_t available;    /**< 1: can run; 0: see reason */
    const char *id;       /**< what plans and command lines call it: "cpu", "ref" */
    const char *kind;     /**< "cpu", "reference", "gpu", "modelled" */
    const char *name;     /**< the device's own name */
    const char *detail;   /**< instruction set and threads, driver version */
    const char *reason;   /**< why it is not available, "" where it is */
} mcomp_device_info;

/** Fill with defaults. @param[out] options  not NULL */
MCOMP_API void mcomp_context_options_init(mcomp_context_options *options);

/** Make a context: detect the processor, open the devices. Threads start with the first run.
 *  Reads MCOMP_THREADS and MCOMP_ISA where the options leave them open.
 *  @param[in]  options  NULL for defaults; copied
 *  @param[out] out      end with mcomp_context_destroy()
 *  @retval MCOMP_ERR_INVALID_ARGUMENT  threads or isa_cap out of range; the message lists what is known
 *  @retval MCOMP_ERR_OUT_OF_MEMORY */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_context_create(const mcomp_context_options *options,
                                                            mcomp_context **out);

/** Give the caller's hold back. @param context  may be NULL */
MCOMP_API void mcomp_context_destroy(mcomp_context *context);

/** @param[out] info  struct_size set by the caller
 *  @retval MCOMP_ERR_VERSION  info has more than this library knows */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_context_get_info(const mcomp_context *context,
                                                              mcomp_context_info *info);

/** @param index  0, 1, ... in the order of the devices' list
 *  @retval MCOMP_END  index is past the last device */
MCOMP_API MCOMP_NODISCARD mcomp_status mcomp_device_get_info(const mcomp_context *context,
                                                             uint32_t index,
                                                             mcomp_device_info *info);

#ifdef __cplusplus
}
#endif
#endif
