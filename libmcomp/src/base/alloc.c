#include "alloc.h"

#include <string.h>

#include "context_struct.h"

/* Stands just before each block. */
typedef struct block_head {
    void *start;         /**< what the allocator gave */
    size_t total_nbytes; /**< what it was asked for */
    size_t nbytes;       /**< what our caller asked for */
} block_head;

void *mc_alloc(mcomp_context *context, size_t nbytes)
{
    const size_t overhead = sizeof(block_head) + MC_ALIGNMENT;
    if (nbytes > SIZE_MAX - overhead)
        return NULL;
    size_t total_nbytes = nbytes + overhead;
    void *start = context->allocator.allocate(context->allocator.user, total_nbytes);
    if (!start)
        return NULL;
    uintptr_t address = ((uintptr_t)start + overhead) & ~(uintptr_t)(MC_ALIGNMENT - 1);
    block_head head = {.start = start, .total_nbytes = total_nbytes, .nbytes = nbytes};
    memcpy((void *)(address - sizeof head), &head, sizeof head);
    return (void *)address;
}

void *mc_alloc_zero(mcomp_context *context, size_t nbytes)
{
    void *pointer = mc_alloc(context, nbytes);
    if (pointer)
        memset(pointer, 0, nbytes);
    return pointer;
}

void *mc_alloc_array(mcomp_context *context, size_t count, size_t nbytes)
{
    size_t product;
    return mc_multiply(count, nbytes, &product) ? mc_alloc_zero(context, product) : NULL;
}

static block_head head_of(const void *pointer)
{
    block_head head;
    memcpy(&head, (const char *)pointer - sizeof head, sizeof head);
    return head;
}

void *mc_realloc(mcomp_context *context, void *pointer, size_t nbytes)
{
    void *grown = mc_alloc(context, nbytes);
    if (grown && pointer) {
        size_t old_nbytes = head_of(pointer).nbytes;
        memcpy(grown, pointer, old_nbytes < nbytes ? old_nbytes : nbytes);
        mc_free(context, pointer);
    }
    return grown;
}

void mc_free(mcomp_context *context, void *pointer)
{
    if (!pointer)
        return;
    block_head head = head_of(pointer);
    context->allocator.deallocate(context->allocator.user, head.start, head.total_nbytes);
}

char *mc_text_copy(mcomp_context *context, const char *text)
{
    size_t nbytes = strlen(text) + 1;
    char *copy = mc_alloc(context, nbytes);
    if (copy)
        memcpy(copy, text, nbytes);
    return copy;
}

mcomp_context *mc_context_retain(mcomp_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

void mc_context_release(mcomp_context *context)
{
    if (context && atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) == 1)
        context->end(context);
}
