/** @file glob.h
 *  Patterns over node names. `*` is any run of characters, `?` any one, `[a-z]` one of a set,
 *  `[!a-z]` one not of it; everything else is itself. A character is one of UTF-8's. */
#ifndef MC_GLOB_H
#define MC_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/** Is every '[' of a pattern closed? */
bool mc_glob_valid(const char *pattern, size_t length);
/** Does all of name match? Takes time in pattern length x name length at most.
 *  @param pattern  length bytes, valid */
bool mc_glob_match(const char *pattern, size_t length, const char *name);

/** Goes through "a,b,c".
 *  @param[in,out] list  at the next pattern, NULL past the last
 *  @param[out] length   bytes of the pattern
 *  @return the pattern, NULL past the last */
const char *mc_glob_list_next(const char **list, size_t *length);
/** Does any pattern of a list match? false for NULL. */
bool mc_glob_list_match(const char *list, const char *name);

#endif
