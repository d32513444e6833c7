/** @file arena.h
 *  Many small things that end together (a graph's names and attributes). */
#ifndef MC_ARENA_H
#define MC_ARENA_H

#include "alloc.h"

typedef struct mc_arena {
    mcomp_context *context;
    struct mc_arena_chunk *chunks;
} mc_arena;

void mc_arena_init(mc_arena *arena, mcomp_context *context);
/** 16-byte aligned, zeroed; NULL when out of memory. */
void *mc_arena_alloc(mc_arena *arena, size_t nbytes);
/** A copy of nbytes at data. */
void *mc_arena_copy(mc_arena *arena, const void *data, size_t nbytes);
char *mc_arena_text(mc_arena *arena, const char *text);
void mc_arena_clear(mc_arena *arena);

#endif
