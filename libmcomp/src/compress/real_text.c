#include "real_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINT_CAPACITY 32

/* What this thread's locale writes between 0 and 5 in one half. */
static void decimal_point(char point[POINT_CAPACITY])
{
    char half[POINT_CAPACITY];
    snprintf(half, sizeof half, "%.1f", 0.5);
    size_t length = strlen(half);
    half[length - 1] = 0;
    memcpy(point, half + 1, length);
}

static const char *skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9')
        text++;
    return text;
}

/* [-] digits [. digits] [e [sign] digits], with at least one digit before or after the point.
 * *point is where the point stands, NULL without one. */
static bool is_real(const char *text, const char **point)
{
    const char *start = *text == '-' ? text + 1 : text;
    const char *end = skip_digits(start);
    size_t digit_count = (size_t)(end - start);
    *point = NULL;
    if (*end == '.') {
        *point = end++;
        start = end;
        end = skip_digits(end);
        digit_count += (size_t)(end - start);
    }
    if (digit_count > 0 && (*end == 'e' || *end == 'E')) {
        end++;
        if (*end == '-' || *end == '+')
            end++;
        start = end;
        end = skip_digits(end);
        if (end == start)
            return false;
    }
    return digit_count > 0 && *end == 0;
}

bool mc_real_parse(const char *text, double *value)
{
    char local[128], separator[POINT_CAPACITY];
    const char *point;
    if (strlen(text) > 64 || !is_real(text, &point))
        return false;
    /* strtod() rounds correctly, but wants the locale's point. */
    decimal_point(separator);
    if (point)
        snprintf(local, sizeof local, "%.*s%s%s", (int)(point - text), text, separator, point + 1);
    else
        snprintf(local, sizeof local, "%s", text);
    *value = strtod(local, NULL);
    return isfinite(*value);
}

const char *mc_real_format(double value, char text[MC_REAL_TEXT_NBYTES])
{
    char local[32], separator[POINT_CAPACITY];
    int precision = 1;
    do
        snprintf(local, sizeof local, "%.*g", precision, value);
    while (precision++ < 17 && strtod(local, NULL) != value);
    decimal_point(separator);
    char *found = strstr(local, separator);
    if (found)
        snprintf(text, MC_REAL_TEXT_NBYTES, "%.*s.%s", (int)(found - local), local,
                 found + strlen(separator));
    else
        snprintf(text, MC_REAL_TEXT_NBYTES, "%s", local);
    return text;
}

bool mc_integer_parse(const char *text, int64_t *value)
{
    bool negative = *text == '-';
    const char *start = negative ? text + 1 : text;
    const char *end = skip_digits(start);
    if (end == start || *end)
        return false;
    *value = 0;
    for (const char *digit = start; digit < end; digit++) {
        int64_t step = negative ? '0' - *digit : *digit - '0';
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, step, value))
            return false;
    }
    return true;
}
