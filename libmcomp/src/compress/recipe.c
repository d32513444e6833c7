/* Recipe text to steps. */
#include <string.h>

#include "base/context_struct.h"
#include "base/status.h"
#include "graph/graph_text.h"
#include "pass.h"

#define MAX_TEXT_NBYTES ((size_t)1 << 20)

/* The names of all passes, or of a pass's parameters, for a message. */
static void list_names(const mc_pass *pass, char *text, size_t capacity)
{
    size_t length = 0;
    const char *name = "";
    text[0] = 0;
    for (uint32_t i = 0; name; i++) {
        if (pass)
            name = mc_pass_parameter(pass, i) ? mc_pass_parameter(pass, i)->name : NULL;
        else
            name = mc_pass_at(i) ? mc_pass_at(i)->name : NULL;
        if (!name || length + strlen(name) + 3 > capacity)
            continue;
        if (length > 0)
            memcpy(text + length, ", ", 2);
        length += length > 0 ? 2 : 0;
        memcpy(text + length, name, strlen(name) + 1);
        length += strlen(name);
    }
}

/* Cuts the first word off *text; NULL where only blanks are left. */
static char *next_word(char **text)
{
    char *word = *text + strspn(*text, " \t\r");
    if (*word == 0)
        return NULL;
    char *end = word + strcspn(word, " \t\r");
    *text = end;
    if (*end) {
        *end = 0;
        *text = end + 1;
    }
    return word;
}

/* Where a step keeps a parameter's value: its own, or `held` for skip and only. */
static mc_argument *argument_of(mc_step *step, uint32_t index, mc_argument *held)
{
    uint32_t own_count = step->pass->parameter_count;
    return index < own_count ? &step->arguments[index] : &held[index - own_count];
}

static mcomp_status parse_word(mcomp_recipe *recipe, mc_step *step, char *word, mc_argument *held)
{
    char known[512];
    const mc_pass *pass = step->pass;
    char *equals = strchr(word, '=');
    list_names(pass, known, sizeof known);
    MC_REQUIRE(equals, MCOMP_ERR_INVALID_ARGUMENT,
               "%s: '%.60s' is not parameter=value; parameters are %s", pass->name, word, known);
    *equals = 0;
    uint32_t index = 0;
    const mc_parameter *parameter;
    while ((parameter = mc_pass_parameter(pass, index)) && strcmp(parameter->name, word) != 0)
        index++;
    MC_REQUIRE(parameter, MCOMP_ERR_INVALID_ARGUMENT,
               "%s has no parameter '%.60s'; its parameters are %s", pass->name, word, known);
    mc_argument *argument = argument_of(step, index, held);
    MC_REQUIRE(!argument->given, MCOMP_ERR_INVALID_ARGUMENT, "%s: %s is given twice", pass->name,
               word);
    MC_REQUIRE(equals[1], MCOMP_ERR_INVALID_ARGUMENT, "%s: %s has no value", pass->name, word);
    return mc_argument_parse(pass, parameter, equals + 1, &recipe->arena, argument);
}

/* One pass: "name parameter=value ...". */
static mcomp_status parse_step(mcomp_recipe *recipe, char *text, mc_step *step)
{
    mc_argument held[2] = {0};
    char known[512];
    char *word = next_word(&text);
    *step = (mc_step){.pass = mc_pass_find(word)};
    list_names(NULL, known, sizeof known);
    MC_REQUIRE(step->pass, MCOMP_ERR_INVALID_ARGUMENT, "no pass is called '%.60s'; passes are %s",
               word, known);
    while ((word = next_word(&text)))
        MC_TRY(parse_word(recipe, step, word, held));
    for (uint32_t i = 0; i < step->pass->parameter_count; i++) {
        const mc_parameter *parameter = &step->pass->parameters[i];
        if (!step->arguments[i].given && parameter->default_value[0])
            MC_TRY(mc_argument_parse(step->pass, parameter, parameter->default_value,
                                     &recipe->arena, &step->arguments[i]));
    }
    step->skip = held[0].globs;
    step->only = held[1].globs;
    return step->pass->check ? step->pass->check(step) : MCOMP_OK;
}

/* May `step` come after the steps so far? */
static mcomp_status check_order(mcomp_recipe *recipe, const mc_step *step)
{
    const mc_pass *pass = step->pass;
    const mc_pass *last = recipe->step_count > 0 ? (step - 1)->pass : pass;
    MC_REQUIRE(last->stage <= pass->stage, MCOMP_ERR_INVALID_ARGUMENT,
               "%s cannot come after %s: first what is zero (prune.), then which numbers there are "
               "(share., quantize., store.float), then how they are stored (store.dense, encode.)",
               pass->name, last->name);
    if (step->skip || step->only || pass->stage == MC_STAGE_PRUNE)
        return MCOMP_OK;
    const char **earlier = &recipe->whole_passes[pass->stage];
    MC_REQUIRE(!*earlier, MCOMP_ERR_INVALID_ARGUMENT,
               "%s after %s: a weight takes one of them; say which with skip= and only=",
               pass->name, *earlier);
    *earlier = pass->name;
    return MCOMP_OK;
}

static mcomp_status add_step(mcomp_recipe *recipe, char *text)
{
    if (recipe->step_count == recipe->step_capacity) {
        uint32_t capacity = recipe->step_capacity ? 2 * recipe->step_capacity : 4;
        mc_step *grown = mc_realloc(recipe->context, recipe->steps, capacity * sizeof *grown);
        if (!grown)
            return mc_fail_memory(capacity * sizeof *grown);
        recipe->steps = grown;
        recipe->step_capacity = capacity;
    }
    mc_step *step = &recipe->steps[recipe->step_count];
    MC_TRY(parse_step(recipe, text, step));
    MC_TRY(check_order(recipe, step));
    recipe->step_count++;
    return MCOMP_OK;
}

/* @param text  is cut up */
static mcomp_status parse_steps(mcomp_recipe *recipe, char *text)
{
    for (char *next = text; next; text = next) {
        next = strpbrk(text, ";\n");
        if (next)
            *next++ = 0;
        if (text[strspn(text, " \t\r")])
            MC_TRY(add_step(recipe, text));
    }
    MC_REQUIRE(recipe->step_count > 0, MCOMP_ERR_INVALID_ARGUMENT,
               "the recipe has no pass; store.dense changes nothing");
    return MCOMP_OK;
}

static mcomp_status write_text(mcomp_recipe *recipe)
{
    mc_buffer text;
    mc_buffer_init(&text, recipe->context);
    for (uint32_t i = 0; i < recipe->step_count; i++) {
        mc_step *step = &recipe->steps[i];
        mc_argument held[2] = {{.given = step->skip != NULL, .globs = step->skip},
                               {.given = step->only != NULL, .globs = step->only}};
        if (i > 0)
            mc_buffer_append(&text, "; ", 2);
        mc_buffer_append(&text, step->pass->name, strlen(step->pass->name));
        const mc_parameter *parameter;
        for (uint32_t p = 0; (parameter = mc_pass_parameter(step->pass, p)); p++)
            mc_argument_write(parameter, argument_of(step, p, held), &text);
    }
    mc_buffer_append_u8(&text, 0);
    recipe->text = text.failed ? NULL : mc_arena_text(&recipe->arena, (const char *)text.data);
    size_t nbytes = text.nbytes;
    mc_buffer_clear(&text);
    return recipe->text ? MCOMP_OK : mc_fail_memory(nbytes);
}

mcomp_status mcomp_recipe_create(mcomp_context *context, const char *text, mcomp_recipe **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the recipe");
    *out = NULL;
    MC_REQUIRE(context && text, MCOMP_ERR_INVALID_ARGUMENT, "no context or no recipe text");
    MC_REQUIRE(memchr(text, 0, MAX_TEXT_NBYTES + 1), MCOMP_ERR_LIMIT,
               "the recipe is longer than %zu bytes", MAX_TEXT_NBYTES);
    MC_TRY(mc_text_check("the recipe", text));
    mcomp_recipe *recipe = mc_alloc_zero(context, sizeof *recipe);
    if (!recipe)
        return mc_fail_memory(sizeof *recipe);
    recipe->context = mc_context_retain(context);
    mc_arena_init(&recipe->arena, context);
    char *copy = mc_text_copy(context, text);
    mcomp_status status = copy ? parse_steps(recipe, copy) : mc_fail_memory(strlen(text) + 1);
    mc_free(context, copy);
    if (status == MCOMP_OK)
        status = write_text(recipe);
    if (status != MCOMP_OK) {
        mcomp_recipe_destroy(recipe);
        return status;
    }
    *out = recipe;
    return MCOMP_OK;
}

void mcomp_recipe_destroy(mcomp_recipe *recipe)
{
    if (!recipe)
        return;
    mcomp_context *context = recipe->context;
    mc_free(context, recipe->steps);
    mc_arena_clear(&recipe->arena);
    mc_free(context, recipe);
    mc_context_release(context);
}

const char *mcomp_recipe_text(const mcomp_recipe *recipe)
{
    return recipe->text;
}
