#include "arena.h"

#include <string.h>

#define CHUNK_NBYTES ((size_t)4096)

struct mc_arena_chunk {
    struct mc_arena_chunk *next;
    size_t used;
    size_t capacity;
    _Alignas(16) unsigned char bytes[];
};

void mc_arena_init(mc_arena *arena, mcomp_context *context)
{
    *arena = (mc_arena){.context = context};
}

void *mc_arena_alloc(mc_arena *arena, size_t nbytes)
{
    if (nbytes > SIZE_MAX / 2)
        return NULL;
    size_t need = mc_round_up(nbytes ? nbytes : 1, 16);
    struct mc_arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->capacity - chunk->used < need) {
        size_t capacity = need > CHUNK_NBYTES ? need : CHUNK_NBYTES;
        chunk = mc_alloc_zero(arena->context, sizeof *chunk + capacity);
        if (!chunk)
            return NULL;
        chunk->capacity = capacity;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *pointer = chunk->bytes + chunk->used;
    chunk->used += need;
    return pointer;
}

void *mc_arena_copy(mc_arena *arena, const void *data, size_t nbytes)
{
    void *copy = mc_arena_alloc(arena, nbytes);
    if (copy && nbytes)
        memcpy(copy, data, nbytes);
    return copy;
}

char *mc_arena_text(mc_arena *arena, const char *text)
{
    return mc_arena_copy(arena, text, strlen(text) + 1);
}

void mc_arena_clear(mc_arena *arena)
{
    while (arena->chunks) {
        struct mc_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        mc_free(arena->context, chunk);
    }
}
