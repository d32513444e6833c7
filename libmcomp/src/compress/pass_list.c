/* All passes, and what callers may ask of them. */
#include <string.h>

#include "base/status.h"
#include "pass.h"

#define MC_PASS(stem) extern const mc_pass mc_pass_##stem;
#include "passes.def"
#undef MC_PASS

static const mc_pass *const passes[] = {
#define MC_PASS(stem) &mc_pass_##stem,
#include "passes.def"
#undef MC_PASS
};

#define PASS_COUNT (sizeof passes / sizeof passes[0])

static const mc_parameter common_parameters[] = {
    {.name = "skip",
     .type = MC_PARAMETER_GLOBS,
     .default_value = "",
     .choices = "",
     .summary = "nodes whose weights are left alone: globs, several with commas"},
    {.name = "only",
     .type = MC_PARAMETER_GLOBS,
     .default_value = "",
     .choices = "",
     .summary = "nodes whose weights are touched, depth-wise ones too: globs, several with commas"},
};

#define COMMON_COUNT (sizeof common_parameters / sizeof common_parameters[0])

const mc_pass *mc_pass_at(uint32_t index)
{
    return index < PASS_COUNT ? passes[index] : NULL;
}

const mc_pass *mc_pass_find(const char *name)
{
    for (size_t i = 0; i < PASS_COUNT; i++)
        if (strcmp(passes[i]->name, name) == 0)
            return passes[i];
    return NULL;
}

const mc_parameter *mc_pass_parameter(const mc_pass *pass, uint32_t index)
{
    if (index < pass->parameter_count)
        return &pass->parameters[index];
    index -= pass->parameter_count;
    return index < COMMON_COUNT ? &common_parameters[index] : NULL;
}

mcomp_status mcomp_pass_get_info(uint32_t index, mcomp_pass_info *info)
{
    MC_REQUIRE(info, MCOMP_ERR_INVALID_ARGUMENT, "no place for the answer");
    const mc_pass *pass = mc_pass_at(index);
    if (!pass)
        return MCOMP_END;
    mcomp_pass_info own = {.parameter_count = pass->parameter_count + (uint32_t)COMMON_COUNT,
                           .name = pass->name,
                           .summary = pass->summary,
                           .source = pass->source};
    return mc_info_copy(info, &own, sizeof own, "mcomp_pass_info");
}

mcomp_status mcomp_pass_get_parameter(uint32_t pass_index, uint32_t index,
                                      mcomp_parameter_info *info)
{
    static const char *const types[] = {"real", "integer", "choice", "block", "globs"};
    MC_REQUIRE(info, MCOMP_ERR_INVALID_ARGUMENT, "no place for the answer");
    const mc_pass *pass = mc_pass_at(pass_index);
    const mc_parameter *parameter = pass ? mc_pass_parameter(pass, index) : NULL;
    if (!parameter)
        return MCOMP_END;
    mcomp_parameter_info own = {.name = parameter->name,
                                .type = types[parameter->type],
                                .default_value = parameter->default_value,
                                .min = parameter->min,
                                .max = parameter->max,
                                .choices = parameter->choices ? parameter->choices : "",
                                .summary = parameter->summary};
    return mc_info_copy(info, &own, sizeof own, "mcomp_parameter_info");
}
