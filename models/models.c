#include "mcomp_models.h"

#include <stdio.h>
#include <string.h>

#include "catalog.h"

void mcomp_model_options_init(mcomp_model_options *options)
{
    *options = (mcomp_model_options){.struct_size = sizeof *options, .width = 1};
}

/* A caller's struct may be an older, smaller one, or a newer whose other fields are 0. */
static mcomp_status check_size(const void *theirs, size_t own_size, const char *what)
{
    char message[128];
    uint32_t their_size;
    memcpy(&their_size, theirs, sizeof their_size);
    snprintf(message, sizeof message, "%s: struct_size is not set", what);
    if (their_size < sizeof their_size)
        return mcomp_fail(MCOMP_ERR_VERSION, message);
    snprintf(message, sizeof message, "%s has %u bytes, this library knows %zu of them", what,
             their_size, own_size);
    for (size_t i = own_size; i < their_size; i++)
        if (((const unsigned char *)theirs)[i] != 0)
            return mcomp_fail(MCOMP_ERR_VERSION, message);
    return MCOMP_OK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

mcomp_status mcomp_model_get_info(uint32_t index, mcomp_model_info *info)
{
    if (!info)
        return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, "no place for the answer");
    if (index >= mc_catalog_count)
        return MCOMP_END;
    mcomp_status status = check_size(info, sizeof *info, "mcomp_model_info");
    if (status != MCOMP_OK)
        return status;
    const uint32_t their_size = info->struct_size;
    memcpy(info, &mc_catalog[index].info, smaller(their_size, sizeof *info));
    info->struct_size = their_size;
    return MCOMP_OK;
}

static mcomp_status fail_unknown(const char *name)
{
    char message[1024];
    int used = snprintf(message, sizeof message, "no network is called %.100s; known:", name);
    for (size_t i = 0; i < mc_catalog_count; i++)
        used +=
            snprintf(message + used, sizeof message - (size_t)used, " %s", mc_catalog[i].info.name);
    return mcomp_fail(MCOMP_ERR_NOT_FOUND, message);
}

static mcomp_status check_width(const mcomp_model_info *info, double width)
{
    char message[256];
    if (width >= info->min_width && width <= 1)
        return MCOMP_OK;
    if (info->min_width < 1)
        snprintf(message, sizeof message, "%s: width is %g, %g to 1 is possible", info->name, width,
                 info->min_width);
    else
        snprintf(message, sizeof message, "%s: width is %g, only 1 is possible", info->name, width);
    return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, message);
}

static mcomp_status check_input_size(const mcomp_model_info *info, int64_t size)
{
    char message[256];
    if (size == info->shape[2])
        return MCOMP_OK;
    if (info->min_size == 0)
        snprintf(message, sizeof message, "%s: input size is %lld, only %lld is possible",
                 info->name, (long long)size, (long long)info->shape[2]);
    else if (size < info->min_size || size > MCOMP_MODEL_MAX_SIZE)
        snprintf(message, sizeof message, "%s: input size is %lld, %lld to %d is possible",
                 info->name, (long long)size, (long long)info->min_size, MCOMP_MODEL_MAX_SIZE);
    else if (size % info->size_step != 0)
        snprintf(message, sizeof message, "%s: input size is %lld, not a multiple of %lld",
                 info->name, (long long)size, (long long)info->size_step);
    else
        return MCOMP_OK;
    return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, message);
}

/* Take options over into the network. */
static mcomp_status apply_options(const mcomp_model_info *info, const mcomp_model_options *options,
                                  mc_network *network)
{
    mcomp_model_options own;
    mcomp_model_options_init(&own);
    if (options) {
        mcomp_status status = check_size(options, sizeof own, "mcomp_model_options");
        if (status != MCOMP_OK)
            return status;
        memcpy(&own, options, smaller(options->struct_size, sizeof own));
    }
    network->random.state = own.seed;
    network->width = own.width;
    network->size = own.size ? own.size : info->shape[2];
    mcomp_status status = check_width(info, network->width);
    return status == MCOMP_OK ? check_input_size(info, network->size) : status;
}

/* How images become inputs: the usual of ImageNet. */
static void add_imagenet_metadata(mc_network *network)
{
    char text[64];
    const long long size = (long long)network->size;
    /* 256 for 224, as the papers; the same share for other sizes. */
    const long long resized = (size * 256 + 112) / 224;
    snprintf(text, sizeof text, "%lldx%lld bilinear antialiased", resized, resized);
    mc_network_metadata(network, "resize", text);
    snprintf(text, sizeof text, "center %lldx%lld", size, size);
    mc_network_metadata(network, "crop", text);
    mc_network_metadata(network, "input_range", "[0, 1]");
    mc_network_metadata(network, "mean", "[0.485, 0.456, 0.406]");
    mc_network_metadata(network, "std", "[0.229, 0.224, 0.225]");
    mc_network_metadata(network, "layout", "NCHW RGB");
    mc_network_metadata(network, "labels", "imagenet1000");
}

static const mc_catalog_entry *find(const char *name)
{
    for (size_t i = 0; i < mc_catalog_count; i++)
        if (strcmp(mc_catalog[i].info.name, name) == 0)
            return &mc_catalog[i];
    return NULL;
}

mcomp_status mcomp_model_create(mcomp_context *context, const char *name,
                                const mcomp_model_options *options, mcomp_graph **out)
{
    if (!out)
        return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, "no place for the graph");
    *out = NULL;
    if (!context || !name)
        return mcomp_fail(MCOMP_ERR_INVALID_ARGUMENT, "no context or no name of a network");
    const mc_catalog_entry *entry = find(name);
    if (!entry)
        return fail_unknown(name);
    mc_network network = {.context = context};
    network.status = apply_options(&entry->info, options, &network);
    if (network.status == MCOMP_OK)
        network.status = mcomp_graph_create(context, name, &network.graph);
    if (network.status == MCOMP_OK)
        entry->build(&network);
    if (network.status == MCOMP_OK && entry->info.classes == 1000)
        add_imagenet_metadata(&network);
    if (network.status == MCOMP_OK)
        network.status = mcomp_graph_verify(network.graph);
    if (network.status == MCOMP_OK)
        *out = network.graph;
    else
        mcomp_graph_destroy(network.graph);
    return network.status;
}
