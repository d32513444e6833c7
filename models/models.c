#include <stdio.h>
#include <string.h>

#include "families.h"

typedef struct model {
    mcomp_model_info info;
    void (*build)(mc_network *network);
} model;

static const model models[] = {
    {{.rank = 4,
      .shape = {MCOMP_BATCH, 1, 28, 28},
      .classes = 10,
      .year = 1998,
      .name = "lenet5",
      .family = "lenet",
      .source = "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document "
                "recognition, 1998; Caffe's variant, trained by this project",
      .trained = 1},
     mc_model_lenet5},
};

#define MODEL_COUNT (sizeof models / sizeof models[0])

void mcomp_model_options_init(mcomp_model_options *options)
{
    *options = (mcomp_model_options){.struct_size = sizeof *options, .width = 1};
}

mcomp_status mcomp_model_get_info(uint32_t index, mcomp_model_info *info)
{
    if (!info)
        return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, "no place for the answer");
    if (index >= MODEL_COUNT)
        return MCOMP_END;
    if (info->struct_size != sizeof *info)
        return mcomp_fail(MCOMP_ERR_VERSION, "mcomp_model_info: struct_size is not this library's");
    *info = models[index].info;
    info->struct_size = sizeof *info;
    return MCOMP_OK;
}

static mcomp_status fail_unknown(const char *name)
{
    char message[1024];
    int used = snprintf(message, sizeof message, "no network is called %.100s; known:", name);
    for (size_t i = 0; i < MODEL_COUNT; i++)
        used += snprintf(message + used, sizeof message - (size_t)used, " %s", models[i].info.name);
    return mcomp_fail(MCOMP_ERR_NOT_FOUND, message);
}

static mcomp_status check_options(const char *name, const mcomp_model_options *options)
{
    char message[256];
    if (!options)
        return MCOMP_OK;
    if (options->struct_size != sizeof *options)
        return mcomp_fail(MCOMP_ERR_VERSION,
                          "mcomp_model_options: struct_size is not this library's");
    if (options->width == 1)
        return MCOMP_OK;
    snprintf(message, sizeof message, "%s: width is %g, only 1 is possible", name, options->width);
    return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, message);
}

mcomp_status mcomp_model_create(mcomp_context *context, const char *name,
                                const mcomp_model_options *options, mcomp_graph **out)
{
    if (!out)
        return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    if (!context || !name)
        return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, "no context or no name of a network");
    size_t index = 0;
    while (index < MODEL_COUNT && strcmp(models[index].info.name, name) != 0)
        index++;
    if (index == MODEL_COUNT)
        return fail_unknown(name);
    mc_network network = {.context = context};
    network.status = check_options(name, options);
    if (network.status == MCOMP_OK)
        network.status = mcomp_graph_create(context, name, &network.graph);
    if (network.status == MCOMP_OK)
        models[index].build(&network);
    if (network.status == MCOMP_OK)
        network.status = mcomp_graph_verify(network.graph);
    if (network.status == MCOMP_OK)
        *out = network.graph;
    else
        mcomp_graph_destroy(network.graph);
    return network.status;
}
