#include "graph_text.h"

#include <stdbool.h>

#include "base/status.h"

/* Bytes of the UTF-8 character at text, 0 where it is none (overlong forms and surrogates
 * included). */
static int character_nbytes(const unsigned char *text)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (text[0] < 0x80)
        return 1;
    int count = (text[0] & 0xe0) == 0xc0   ? 2
                : (text[0] & 0xf0) == 0xe0 ? 3
                : (text[0] & 0xf8) == 0xf0 ? 4
                                           : 0;
    uint32_t code = count ? text[0] & (0xffu >> (count + 1)) : 0;
    for (int i = 1; i < count; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool good = code >= least[count] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return good ? count : 0;
}

mcomp_status mc_text_check(const char *what, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        int count = character_nbytes(at);
        MC_REQUIRE(count > 0, MCOMP_ERR_INVALID_ARGUMENT, "%s is not UTF-8 at byte %zu", what,
                   (size_t)(at - (const unsigned char *)text));
        at += count;
    }
    return MCOMP_OK;
}
