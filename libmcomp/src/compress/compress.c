/* Applies a recipe: weights out of the graph, passes over them, tensors back into a new graph. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "graph/rewrites.h"
#include "pass.h"
#include "storage.h"
#include "tensor/tensor_struct.h"

void mcomp_compress_options_init(mcomp_compress_options *options)
{
    *options = (mcomp_compress_options){.struct_size = sizeof *options};
}

static mcomp_status check_finite(mc_weight *weight, const mc_pass *pass)
{
    for (size_t i = 0; !weight->finite && i < weight->element_count; i++)
        MC_REQUIRE(isfinite(weight->original[i]), MCOMP_ERR_INVALID_ARGUMENT,
                   "node %s: weight %s is %g at element %zu, and %s needs finite numbers",
                   weight->node_name, weight->name, (double)weight->original[i], i, pass->name);
    weight->finite = true;
    return MCOMP_OK;
}

/* A weight takes one pass of the numeric and one of the storage stage. */
static mcomp_status claim(mc_weight *weight, const mc_pass *pass)
{
    const char **claimed = pass->stage == MC_STAGE_NUMERIC   ? &weight->numeric_pass
                           : pass->stage == MC_STAGE_STORAGE ? &weight->storage_pass
                                                             : NULL;
    if (!claimed)
        return MCOMP_OK;
    MC_REQUIRE(!*claimed, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: weight %s cannot take %s after %s; say which with skip= and only=",
               weight->node_name, weight->name, pass->name, *claimed);
    *claimed = pass->name;
    return MCOMP_OK;
}

static mcomp_status run_step(mc_compression *compression, const mc_step *step, mc_weight **selected)
{
    size_t count;
    MC_TRY(mc_stage_progress_begin_stage(&compression->progress, step->pass->name));
    MC_TRY(mc_compression_select(compression, step, selected, &count));
    for (size_t i = 0; i < count; i++) {
        MC_TRY(claim(selected[i], step->pass));
        MC_TRY(mc_weight_load(selected[i]));
        if (step->pass->needs_finite)
            MC_TRY(check_finite(selected[i], step->pass));
        selected[i]->touched = true;
    }
    return step->pass->run(compression, step, selected, count);
}

/* 10 log10 of signal to error; +infinity where nothing changed. */
static mcomp_status measure_sqnr(const mc_weight *weight, const mcomp_tensor *tensor,
                                 double *sqnr_db)
{
    size_t nbytes = weight->element_count * sizeof(float);
    float *values = mc_alloc(weight->context, nbytes);
    if (!values)
        return mc_fail_memory(nbytes);
    mcomp_status status = mcomp_tensor_decode(tensor, values, weight->element_count);
    double signal = 0, error = 0;
    for (size_t i = 0; status == MCOMP_OK && i < weight->element_count; i++) {
        if (values[i] == weight->original[i])
            signal += (double)values[i] * values[i];
        else {
            double original = weight->original[i], difference = values[i] - original;
            signal += original * original;
            error += difference * difference;
        }
    }
    mc_free(weight->context, values);
    *sqnr_db = error > 0 ? 10 * log10(signal / error) : INFINITY;
    return status;
}

/* Why a weight can have no Huffman code. */
static const char *missing_for_code(const mc_weight *weight)
{
    if (weight->symbols)
        return "zeros to leave out";
    return weight->layout == MC_LAYOUT_DENSE || weight->block.m ? "symbols"
                                                                : "symbols and no zeros";
}

/* The new tensor of a weight; NULL where it can stay. */
static mcomp_status store_weight(mc_compression *compression, mc_weight *weight, mcomp_tensor **out)
{
    mcomp_encoding encoding, plain = mc_encoding_f32();
    bool left;
    weight->sqnr_db = INFINITY;
    MC_TRY(mc_stage_progress_begin_stage(&compression->progress, weight->name));
    MC_TRY(mc_storage_choose(weight, &encoding, &left));
    if (left)
        MC_TRY(mc_compression_note(compression,
                                   "node %s: weight %s has no %s, and so nothing that a Huffman "
                                   "code could shorten",
                                   weight->node_name, weight->name, missing_for_code(weight)));
    if (weight->kept || weight->tensor->encoded || !mc_encoding_equal(&encoding, &plain)) {
        MC_TRY(mc_storage_encode(weight, &encoding, out));
        MC_TRY(measure_sqnr(weight, *out, &weight->sqnr_db));
    }
    mc_weight_unload(weight);
    return mc_stage_progress_advance(&compression->progress, weight->element_count);
}

static mcomp_status add_annotations(const mc_compression *compression, const char *recipe,
                                    mcomp_graph *result)
{
    for (uint32_t i = 0; i < compression->note_count; i++)
        MC_TRY(mc_graph_add_note(result, compression->notes[i]));
    for (size_t i = 0; i < compression->weight_count; i++) {
        const mc_weight *weight = &compression->weights[i];
        if (weight->touched && isfinite(weight->sqnr_db))
            mc_graph_set_sqnr(result, weight->value, weight->sqnr_db);
    }
    return mc_graph_set_recipe(result, recipe);
}

/* @param replacements  value_count, NULL each; filled with references of the caller's */
static mcomp_status store_weights(mc_compression *compression, const char *recipe,
                                  mcomp_tensor **replacements, mcomp_graph **out)
{
    for (size_t i = 0; i < compression->weight_count; i++) {
        mc_weight *weight = &compression->weights[i];
        if (weight->touched)
            MC_TRY(store_weight(compression, weight, &replacements[weight->value]));
    }
    mcomp_graph *result = NULL;
    MC_TRY(mc_graph_copy_with_constants(compression->graph, replacements, &result));
    mcomp_status status = add_annotations(compression, recipe, result);
    if (status == MCOMP_OK)
        *out = result;
    else
        mcomp_graph_destroy(result);
    return status;
}

static mcomp_status run_recipe(mc_compression *compression, const mcomp_recipe *recipe,
                               mcomp_graph **out)
{
    mcomp_context *context = compression->context;
    mc_stage_progress *progress = &compression->progress;
    uint32_t value_count = compression->graph->value_count;
    uint64_t element_count = 0;
    for (size_t i = 0; i < compression->weight_count; i++)
        element_count += compression->weights[i].element_count;
    progress->total = element_count * (recipe->step_count + 1) + 1;
    mc_weight **selected = mc_alloc_array(context, compression->weight_count, sizeof *selected);
    mcomp_tensor **replacements = mc_alloc_array(context, value_count, sizeof *replacements);
    mcomp_status status = MCOMP_OK;
    if (!selected || !replacements)
        status = mc_fail_memory(value_count * sizeof *replacements);
    for (uint32_t i = 0; status == MCOMP_OK && i < recipe->step_count; i++) {
        status = run_step(compression, &recipe->steps[i], selected);
        progress->done = element_count * (i + 1);
    }
    if (status == MCOMP_OK)
        status = store_weights(compression, recipe->text, replacements, out);
    for (uint32_t v = 0; replacements && v < value_count; v++)
        mcomp_tensor_release(replacements[v]);
    mc_free(context, replacements);
    mc_free(context, selected);
    return status;
}

/* The file tells the last recipe alone; what came before it is a note. */
static mcomp_status note_earlier_recipe(mc_compression *compression)
{
    const char *recipe = compression->graph->recipe;
    return mc_compression_note(compression,
                               "the source had been compressed before, with '%.700s%s'; ratios of "
                               "signal to error are against it where a weight changed again",
                               recipe, strlen(recipe) > 700 ? "..." : "");
}

/* The network as passes want it: BatchNorm folded, weights with their outputs first. */
static mcomp_status prepare(mcomp_graph *graph, mcomp_graph **out)
{
    mcomp_graph *simplified = NULL;
    MC_TRY(mcomp_graph_simplify(graph, NULL, &simplified));
    mcomp_status status = mc_rewrite_orient_weights(simplified, out);
    mcomp_graph_destroy(simplified);
    return status;
}

mcomp_status mcomp_compress(mcomp_graph *graph, const mcomp_recipe *recipe,
                            const mcomp_compress_options *options, mcomp_graph **out)
{
    MC_REQUIRE(out, MCOMP_ERR_INVALID_ARGUMENT, "no place for the compressed network");
    *out = NULL;
    MC_REQUIRE(graph && recipe, MCOMP_ERR_INVALID_ARGUMENT, "no network or no recipe");
    MC_REQUIRE(graph->verified, MCOMP_ERR_INVALID_ARGUMENT, "network %s is not verified yet",
               graph->name);
    mcomp_compress_options own;
    mcomp_compress_options_init(&own);
    MC_TRY(mc_options_copy(&own, sizeof own, options, "mcomp_compress_options"));
    mcomp_graph *simplified = NULL;
    MC_TRY(prepare(graph, &simplified));
    mc_compression compression;
    mcomp_status status = mc_compression_begin(&compression, simplified);
    compression.seed = own.seed;
    compression.progress = (mc_stage_progress){
        .caller = mc_progress_make(own.progress, own.progress_user), .stage = ""};
    if (status == MCOMP_OK && simplified->recipe[0])
        status = note_earlier_recipe(&compression);
    if (status == MCOMP_OK)
        status = run_recipe(&compression, recipe, out);
    mc_compression_end(&compression);
    mcomp_graph_destroy(simplified);
    return status;
}
