#include "status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_CAPACITY 1024

static _Thread_local char message[MESSAGE_CAPACITY];

#define TEXT_OF_EXPANDED(x)               #x
#define TEXT_OF(x)                        TEXT_OF_EXPANDED(x)
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *mcomp_version(void)
{
    return VERSION_TEXT(MCOMP_VERSION_MAJOR, MCOMP_VERSION_MINOR, MCOMP_VERSION_PATCH);
}

const char *mcomp_status_name(mcomp_status status)
{
    switch (status) {
    case MCOMP_OK:
        return "done";
    case MCOMP_END:
        return "end";
    case MCOMP_ERR_INVALID_ARGUMENT:
        return "invalid argument";
    case MCOMP_ERR_OUT_OF_MEMORY:
        return "out of memory";
    case MCOMP_ERR_CORRUPT:
        return "corrupt data";
    case MCOMP_ERR_UNSUPPORTED:
        return "unsupported";
    case MCOMP_ERR_IO:
        return "input or output failed";
    case MCOMP_ERR_SHAPE:
        return "shape mismatch";
    case MCOMP_ERR_NOT_FOUND:
        return "not found";
    case MCOMP_ERR_LIMIT:
        return "limit exceeded";
    case MCOMP_ERR_DEVICE:
        return "device failed";
    case MCOMP_ERR_CANCELLED:
        return "cancelled";
    case MCOMP_ERR_VERSION:
        return "version mismatch";
    case MCOMP_ERR_INTERNAL:
        return "internal error";
    }
    return "unknown status";
}

const char *mcomp_last_error(void)
{
    return message;
}

/* Take back a character of UTF-8 whose end was cut off. */
static void trim_cut_character(char *text)
{
    size_t length = strlen(text), start = length;
    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    unsigned char lead = start > 0 ? (unsigned char)text[start - 1] : 0;
    size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (length - start + 1 < wanted)
        text[start - 1] = 0;
}

mcomp_status mc_fail(mcomp_status status, const char *format, ...)
{
    /* Formatted aside: an argument may be the old message. */
    char text[MESSAGE_CAPACITY];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= MESSAGE_CAPACITY)
        trim_cut_character(text);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    memcpy(message, text, sizeof message);
    return status;
}

mcomp_status mcomp_fail(mcomp_status status, const char *text)
{
    return mc_fail(status, "%s", text);
}

mcomp_status mc_fail_memory(size_t nbytes)
{
    return mc_fail(MCOMP_ERR_OUT_OF_MEMORY, "out of memory: %zu bytes", nbytes);
}

static mcomp_status check_tail(const unsigned char *theirs, size_t own_size, size_t their_size,
                               const char *what)
{
    const size_t largest = 4096; /* beyond any struct to come: struct_size was never set */
    bool known = their_size <= largest;
    for (size_t i = own_size; known && i < their_size; i++)
        known = theirs[i] == 0;
    MC_REQUIRE(known, MCOMP_ERR_VERSION, "%s has %zu bytes, this library knows %zu of them", what,
               their_size, own_size);
    return MCOMP_OK;
}

mcomp_status mc_info_copy(void *caller_info, const void *own_info, size_t own_size,
                          const char *what)
{
    uint32_t their_size;
    memcpy(&their_size, caller_info, sizeof their_size);
    MC_REQUIRE(their_size >= sizeof their_size, MCOMP_ERR_VERSION, "%s: struct_size is not set",
               what);
    MC_TRY(check_tail(caller_info, own_size, their_size, what));
    memcpy(caller_info, own_info, their_size < own_size ? their_size : own_size);
    memcpy(caller_info, &their_size, sizeof their_size);
    return MCOMP_OK;
}

mcomp_status mc_options_copy(void *own_options, size_t own_size, const void *caller_options,
                             const char *what)
{
    if (!caller_options)
        return MCOMP_OK;
    uint32_t their_size;
    memcpy(&their_size, caller_options, sizeof their_size);
    MC_REQUIRE(their_size >= sizeof their_size, MCOMP_ERR_VERSION,
               "%s: struct_size is not set, call its init function", what);
    MC_TRY(check_tail(caller_options, own_size, their_size, what));
    memcpy(own_options, caller_options, their_size < own_size ? their_size : own_size);
    return MCOMP_OK;
}
