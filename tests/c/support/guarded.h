/** @file guarded.h
 *  Memory with pages on both sides that must not be touched: one byte read or written past its end
 *  (or before its start) ends the test. */
#ifndef GUARDED_H
#define GUARDED_H

#include <sys/mman.h>
#include <unistd.h>

#include "cmocka_all.h"

typedef struct guarded {
    void *data;
    void *pages; /**< with the two that are forbidden */
    size_t pages_nbytes;
} guarded;

typedef enum guarded_side {
    GUARDED_END,  /**< data ends where the forbidden page begins */
    GUARDED_START /**< data begins where the forbidden page ends */
} guarded_side;

/** nbytes of zeros; with GUARDED_END as aligned as nbytes is. End with guarded_free(). */
static inline guarded guarded_alloc(size_t nbytes, guarded_side side)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (nbytes + page - 1) / page * page;
    guarded memory = {.pages_nbytes = inner + 2 * page};
    memory.pages = mmap(NULL, memory.pages_nbytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory.pages != MAP_FAILED);
    char *start = (char *)memory.pages + page;
    if (inner)
        assert_int_equal(mprotect(start, inner, PROT_READ | PROT_WRITE), 0);
    memory.data = side == GUARDED_END ? start + inner - nbytes : start;
    return memory;
}

static inline void guarded_free(guarded *memory)
{
    munmap(memory->pages, memory->pages_nbytes);
}

#endif
