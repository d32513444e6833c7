/* Makes and ends contexts: the one place where base and the devices meet. */
#include <stdlib.h>

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/context_struct.h"
#include "base/status.h"

#define MAX_THREADS 256u

static void *default_allocate(void *user, size_t nbytes)
{
    (void)user;
    return malloc(nbytes);
}

static void default_deallocate(void *user, void *pointer, size_t nbytes)
{
    (void)user;
    (void)nbytes;
    free(pointer);
}

void mcomp_context_options_init(mcomp_context_options *options)
{
    *options = (mcomp_context_options){.struct_size = sizeof *options};
}

static mcomp_status choose_threads(uint32_t wanted, uint32_t *threads)
{
    const char *text = getenv("MCOMP_THREADS");
    if (wanted == 0 && text && text[0]) {
        char *end = NULL;
        long value = strtol(text, &end, 10);
        MC_REQUIRE(*end == 0 && value >= 1 && value <= (long)MAX_THREADS,
                   MCOMP_ERR_INVALID_ARGUMENT, "MCOMP_THREADS is '%.32s'; 1 to %u are possible",
                   text, MAX_THREADS);
        wanted = (uint32_t)value;
    }
    MC_REQUIRE(wanted <= MAX_THREADS, MCOMP_ERR_INVALID_ARGUMENT,
               "%u threads; 1 to %u are possible", wanted, MAX_THREADS);
    *threads = wanted ? wanted : mc_core_count();
    return MCOMP_OK;
}

static mcomp_status choose_isa(const char *cap, uint32_t *detected, uint32_t *allowed)
{
    uint32_t cap_bits = UINT32_MAX;
    if (!cap)
        cap = getenv("MCOMP_ISA");
    if (cap && cap[0])
        MC_TRY(mc_isa_cap(cap, &cap_bits));
    *detected = mc_isa_detect();
    *allowed = *detected & cap_bits;
    return MCOMP_OK;
}

static void end_context(mcomp_context *context)
{
    for (uint32_t i = 0; i < context->device_count; i++)
        context->devices[i]->ops->close(context->devices[i]);
    mc_free(context, context->devices);
    mc_free(context, atomic_load(&context->environment));
    mc_thread_pool_destroy(context->pool);
    mcomp_context allocator_only = {.allocator = context->allocator};
    mc_free(&allocator_only, context);
}

static mcomp_status open_devices(mcomp_context *context)
{
    uint32_t count = 0;
    while (mc_device_registry[count])
        count++;
    context->devices = mc_alloc_array(context, count, sizeof *context->devices);
    if (!context->devices)
        return mc_fail_memory(count * sizeof *context->devices);
    for (uint32_t i = 0; i < count; i++) {
        MC_TRY(mc_device_registry[i](context, &context->devices[i]));
        context->device_count++;
    }
    return MCOMP_OK;
}

mcomp_status mcomp_context_create(const mcomp_context_options *options, mcomp_context **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the context");
    *out = NULL;
    mcomp_context_options own;
    mcomp_context_options_init(&own);
    MC_TRY(mc_options_copy(&own, sizeof own, options, "mcomp_context_options"));
    bool has_allocate = own.allocator.allocate, has_deallocate = own.allocator.deallocate;
    MC_REQUIRE(has_allocate == has_deallocate, MCOMP_ERR_INVALID_ARGUMENT,
               "an allocator needs both functions or neither");
    if (!has_allocate)
        own.allocator =
            (mcomp_allocator){.allocate = default_allocate, .deallocate = default_deallocate};
    uint32_t threads = 0, detected = 0, allowed = 0;
    MC_TRY(choose_threads(own.threads, &threads));
    MC_TRY(choose_isa(own.isa_cap, &detected, &allowed));

    mcomp_context allocator_only = {.allocator = own.allocator};
    mcomp_context *context = mc_alloc_zero(&allocator_only, sizeof *context);
    if (!context)
        return mc_fail_memory(sizeof *context);
    atomic_init(&context->references, 1);
    atomic_init(&context->environment, NULL);
    context->allocator = own.allocator;
    context->threads = threads;
    context->isa_bits = allowed;
    context->isa_bits_detected = detected;
    context->end = end_context;
    mc_cpu_name(context->cpu_name, sizeof context->cpu_name);
    mcomp_status status = mc_thread_pool_create(context, threads, &context->pool);
    if (status == MCOMP_OK)
        status = open_devices(context);
    if (status != MCOMP_OK) {
        mc_context_release(context);
        return status;
    }
    *out = context;
    return MCOMP_OK;
}

void mcomp_context_destroy(mcomp_context *context)
{
    mc_context_release(context);
}

mcomp_status mcomp_context_get_info(const mcomp_context *context, mcomp_context_info *info)
{
    MC_REQUIRE(context && info, MCOMP_ERR_INVALID_ARGUMENT,
               "no context or no place for the answer");
    mcomp_context_info own = {.struct_size = sizeof own,
                              .threads = context->threads,
                              .isa = mc_isa_name(context->isa_bits),
                              .isa_detected = mc_isa_name(context->isa_bits_detected),
                              .cpu_name = context->cpu_name,
                              .device_count = context->device_count};
    return mc_info_copy(info, &own, sizeof own, "mcomp_context_info");
}

mcomp_status mcomp_device_get_info(const mcomp_context *context, uint32_t index,
                                   mcomp_device_info *info)
{
    MC_REQUIRE(context && info, MCOMP_ERR_INVALID_ARGUMENT,
               "no context or no place for the answer");
    if (index >= context->device_count)
        return MCOMP_END;
    const mc_device *device = context->devices[index];
    mcomp_device_info own = {.struct_size = sizeof own,
                             .available = device->available,
                             .id = device->id,
                             .kind = device->kind,
                             .name = device->name,
                             .detail = device->detail,
                             .reason = device->reason};
    return mc_info_copy(info, &own, sizeof own, "mcomp_device_info");
}
