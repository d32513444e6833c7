/** @file context_struct.h
 *  What a context holds. Made and ended by context/; the folders below see this much of it. */
#ifndef MC_CONTEXT_STRUCT_H
#define MC_CONTEXT_STRUCT_H

#include <stdatomic.h>

#include "cpu_features.h"
#include "mcomp/context.h"
#include "thread_pool.h"

struct mcomp_context {
    atomic_size_t references; /**< the caller's and one an object made from it */
    mcomp_allocator allocator;
    uint32_t threads;
    uint32_t isa_bits; /**< allowed and present */
    uint32_t isa_bits_detected;
    char cpu_name[64];
    mc_thread_pool *pool;
    struct mc_device **devices; /**< in the order of registry.c */
    uint32_t device_count;
    _Atomic(void *)
        environment; /**< one block from mc_alloc(), made by measure, freed at the end */
    void (*end)(mcomp_context *); /**< called when the last reference goes */
};

/** Hold the context. @return context */
mcomp_context *mc_context_retain(mcomp_context *context);
/** Let go; the last one ends it. NULL allowed. */
void mc_context_release(mcomp_context *context);

#endif
