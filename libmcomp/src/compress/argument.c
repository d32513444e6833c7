/* Values of parameters: from text, checked, and back. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "glob.h"
#include "pass.h"
#include "real_text.h"

#define MAX_BLOCK 16

static mcomp_status parse_real(const mc_pass *pass, const mc_parameter *parameter, const char *text,
                               mc_argument *argument)
{
    char low[MC_REAL_TEXT_NBYTES], high[MC_REAL_TEXT_NBYTES];
    MC_REQUIRE(mc_real_parse(text, &argument->real) && argument->real >= parameter->min &&
                   argument->real <= parameter->max,
               MCOMP_ERR_INVALID_ARGUMENT, "%s: %s=%.60s is no number from %s to %s", pass->name,
               parameter->name, text, mc_real_format(parameter->min, low),
               mc_real_format(parameter->max, high));
    if (argument->real == 0)
        argument->real = 0; /* -0 is 0 */
    return MCOMP_OK;
}

static mcomp_status parse_integer(const mc_pass *pass, const mc_parameter *parameter,
                                  const char *text, mc_argument *argument)
{
    int64_t low = (int64_t)parameter->min, high = (int64_t)parameter->max;
    MC_REQUIRE(mc_integer_parse(text, &argument->integer) && argument->integer >= low &&
                   argument->integer <= high,
               MCOMP_ERR_INVALID_ARGUMENT, "%s: %s=%.60s is no integer from %lld to %lld",
               pass->name, parameter->name, text, (long long)low, (long long)high);
    return MCOMP_OK;
}

/* Word `index` of "a|b|c", NULL past the last. */
static const char *choice_word(const char *choices, uint32_t index, size_t *length)
{
    for (; index > 0 && choices; index--) {
        choices = strchr(choices, '|');
        if (choices)
            choices++;
    }
    if (choices)
        *length = strcspn(choices, "|");
    return choices;
}

static mcomp_status parse_choice(const mc_pass *pass, const mc_parameter *parameter,
                                 const char *text, mc_argument *argument)
{
    const char *word;
    size_t length = 0;
    for (uint32_t i = 0; (word = choice_word(parameter->choices, i, &length)); i++) {
        if (strlen(text) == length && memcmp(word, text, length) == 0) {
            argument->choice = i;
            return MCOMP_OK;
        }
    }
    MC_FAIL(MCOMP_ERR_INVALID_ARGUMENT, "%s: %s=%.60s is none of %s", pass->name, parameter->name,
            text, parameter->choices);
}

/* Two integers from 1 to MAX_BLOCK with a separator between them. */
static bool parse_pair(const char *text, char separator, int64_t *first, int64_t *second)
{
    char copy[16];
    size_t length = strlen(text);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length + 1);
    char *middle = strchr(copy, separator);
    if (!middle)
        return false;
    *middle = 0;
    return mc_integer_parse(copy, first) && mc_integer_parse(middle + 1, second) && *first >= 1 &&
           *first <= MAX_BLOCK && *second >= 1 && *second <= MAX_BLOCK;
}

static mcomp_status parse_block(const mc_pass *pass, const mc_parameter *parameter,
                                const char *text, mc_argument *argument)
{
    int64_t first, second;
    if (parse_pair(text, 'x', &first, &second)) {
        argument->block = (mc_block){.rows = (uint8_t)first, .columns = (uint8_t)second};
        return MCOMP_OK;
    }
    MC_REQUIRE(parse_pair(text, ':', &first, &second) && first < second, MCOMP_ERR_INVALID_ARGUMENT,
               "%s: %s=%.60s is neither RxC, from 1x1 to %dx%d, nor N:M with 1 <= N < M <= %d",
               pass->name, parameter->name, text, MAX_BLOCK, MAX_BLOCK, MAX_BLOCK);
    argument->block = (mc_block){.n = (uint8_t)first, .m = (uint8_t)second};
    return MCOMP_OK;
}

static mcomp_status parse_globs(const mc_pass *pass, const mc_parameter *parameter,
                                const char *text, mc_arena *arena, mc_argument *argument)
{
    const char *list = text, *pattern;
    size_t length;
    while ((pattern = mc_glob_list_next(&list, &length)))
        MC_REQUIRE(length > 0 && mc_glob_valid(pattern, length), MCOMP_ERR_INVALID_ARGUMENT,
                   "%s: %s=%.60s has %s", pass->name, parameter->name, text,
                   length > 0 ? "a '[' that is not closed" : "an empty pattern");
    argument->globs = mc_arena_text(arena, text);
    return argument->globs ? MCOMP_OK : mc_fail_memory(strlen(text) + 1);
}

mcomp_status mc_argument_parse(const mc_pass *pass, const mc_parameter *parameter, const char *text,
                               mc_arena *arena, mc_argument *argument)
{
    *argument = (mc_argument){.given = true};
    switch (parameter->type) {
    case MC_PARAMETER_REAL:
        return parse_real(pass, parameter, text, argument);
    case MC_PARAMETER_INTEGER:
        return parse_integer(pass, parameter, text, argument);
    case MC_PARAMETER_CHOICE:
        return parse_choice(pass, parameter, text, argument);
    case MC_PARAMETER_BLOCK:
        return parse_block(pass, parameter, text, argument);
    case MC_PARAMETER_GLOBS:
        return parse_globs(pass, parameter, text, arena, argument);
    }
    MC_FAIL(MCOMP_ERR_INTERNAL, "%s: %s has a type that nothing can read", pass->name,
            parameter->name);
}

/* A value in the one way to write it; globs are written as they are. */
static const char *format_value(const mc_parameter *parameter, const mc_argument *argument,
                                char text[MC_REAL_TEXT_NBYTES])
{
    size_t length = 0;
    const char *word;
    switch (parameter->type) {
    case MC_PARAMETER_REAL:
        return mc_real_format(argument->real, text);
    case MC_PARAMETER_INTEGER:
        snprintf(text, MC_REAL_TEXT_NBYTES, "%lld", (long long)argument->integer);
        break;
    case MC_PARAMETER_CHOICE:
        word = choice_word(parameter->choices, argument->choice, &length);
        snprintf(text, MC_REAL_TEXT_NBYTES, "%.*s", (int)length, word);
        break;
    case MC_PARAMETER_BLOCK:
        if (argument->block.m)
            snprintf(text, MC_REAL_TEXT_NBYTES, "%u:%u", argument->block.n, argument->block.m);
        else
            snprintf(text, MC_REAL_TEXT_NBYTES, "%ux%u", argument->block.rows,
                     argument->block.columns);
        break;
    case MC_PARAMETER_GLOBS:
        return argument->globs;
    }
    return text;
}

void mc_argument_write(const mc_parameter *parameter, const mc_argument *argument, mc_buffer *out)
{
    char text[MC_REAL_TEXT_NBYTES];
    if (!argument->given)
        return;
    const char *value = format_value(parameter, argument, text);
    if (strcmp(value, parameter->default_value) == 0)
        return;
    mc_buffer_append_u8(out, ' ');
    mc_buffer_append(out, parameter->name, strlen(parameter->name));
    mc_buffer_append_u8(out, '=');
    mc_buffer_append(out, value, strlen(value));
}
