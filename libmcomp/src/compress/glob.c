#include "glob.h"

#include <string.h>

/* The character at *text, which moves past it; a byte that begins no character stands for itself.
 */
static unsigned next_character(const char **text, const char *end)
{
    const unsigned char *bytes = (const unsigned char *)*text;
    unsigned first = bytes[0];
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    if (more > (size_t)(end - *text) - 1)
        more = 0;
    unsigned character = more ? first & (0x3fu >> more) : first;
    for (size_t i = 1; i <= more; i++)
        character = character << 6 | (bytes[i] & 0x3fu);
    *text += 1 + more;
    return character;
}

/* Where the set that begins behind a '[' ends: at its ']'; NULL where it does not. A ']' at the
 * beginning is a member. */
static const char *set_end(const char *set, const char *end)
{
    if (set < end && *set == '!')
        set++;
    if (set < end && *set == ']')
        set++;
    return set < end ? memchr(set, ']', (size_t)(end - set)) : NULL;
}

static bool set_has(const char *set, const char *end, unsigned character)
{
    bool negated = *set == '!', found = false;
    set += negated;
    while (set < end) {
        unsigned low = next_character(&set, end);
        unsigned high = low;
        if (end - set >= 2 && *set == '-') {
            set++;
            high = next_character(&set, end);
        }
        found |= low <= character && character <= high;
    }
    return found != negated;
}

bool mc_glob_valid(const char *pattern, size_t length)
{
    const char *end = pattern + length;
    while (pattern < end) {
        if (*pattern++ != '[')
            continue;
        pattern = set_end(pattern, end);
        if (!pattern)
            return false;
        pattern++;
    }
    return true;
}

/* Does what stands at *pattern match one character? Moves past it. */
static bool match_one(const char **pattern, const char *end, unsigned character)
{
    if (**pattern == '?') {
        ++*pattern;
        return true;
    }
    if (**pattern == '[') {
        const char *set = *pattern + 1, *close = set_end(set, end);
        *pattern = close + 1;
        return set_has(set, close, character);
    }
    return next_character(pattern, end) == character;
}

bool mc_glob_match(const char *pattern, size_t length, const char *name)
{
    const char *end = pattern + length, *name_end = name + strlen(name);
    /* After the latest star: where the pattern goes on, and up to where the star reaches. */
    const char *after_star = NULL, *star_reach = NULL;
    while (name < name_end) {
        if (pattern < end && *pattern == '*') {
            after_star = ++pattern;
            star_reach = name;
            continue;
        }
        unsigned character = next_character(&name, name_end);
        if (pattern < end && match_one(&pattern, end, character))
            continue;
        if (!after_star)
            return false;
        pattern = after_star;
        next_character(&star_reach, name_end);
        name = star_reach;
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

const char *mc_glob_list_next(const char **list, size_t *length)
{
    const char *pattern = *list;
    if (!pattern)
        return NULL;
    const char *comma = strchr(pattern, ',');
    *length = comma ? (size_t)(comma - pattern) : strlen(pattern);
    *list = comma ? comma + 1 : NULL;
    return pattern;
}

bool mc_glob_list_match(const char *list, const char *name)
{
    const char *pattern;
    size_t length;
    while ((pattern = mc_glob_list_next(&list, &length)))
        if (mc_glob_match(pattern, length, name))
            return true;
    return false;
}
