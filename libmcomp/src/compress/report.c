/* What became of each constant; from the tensors alone, so that a loaded file has the same report.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "graph/graph_struct.h"
#include "mcomp/compress.h"
#include "tensor/tensor_struct.h"

/* Bits that the symbols take at least when each is coded by itself. */
static double entropy_bits(const uint64_t counts[256], double total)
{
    double bits = 0;
    for (int symbol = 0; symbol < 256; symbol++)
        if (counts[symbol] > 0)
            bits += (double)counts[symbol] * log2(total / (double)counts[symbol]);
    return bits;
}

/* Does a symbol of a uniform or codebook tensor stand for something other than 0? */
static bool is_nonzero(const mcomp_tensor *tensor, uint8_t symbol, size_t channel)
{
    const float *floats;
    const uint8_t *zero_points;
    size_t count;
    mcomp_tensor_get_codebook(tensor, &floats, &count);
    if (count > 0)
        return floats[symbol] != 0;
    mcomp_tensor_get_scales(tensor, &floats, &count);
    size_t index = count > 1 ? channel : 0;
    mcomp_tensor_get_zero_points(tensor, &zero_points, &count);
    uint8_t zero = (uint8_t)(1u << (tensor->encoding.bits - 1));
    if (count > 0)
        zero = zero_points[index];
    return symbol != zero && floats[index] != 0;
}

static mcomp_status report_symbols(const mcomp_tensor *tensor, mcomp_tensor_report *report)
{
    uint64_t counts[256] = {0};
    uint8_t *symbols = mc_alloc(tensor->context, tensor->element_count);
    if (!symbols)
        return mc_fail_memory(tensor->element_count);
    mcomp_status status = mcomp_tensor_decode_symbols(tensor, symbols, tensor->element_count);
    size_t channel_count = tensor->rank > 0 ? (size_t)tensor->shape[0] : 1;
    size_t channel_elements = channel_count > 0 ? tensor->element_count / channel_count : 0;
    for (size_t channel = 0; status == MCOMP_OK && channel < channel_count; channel++) {
        uint64_t of_channel[256] = {0};
        for (size_t i = 0; i < channel_elements; i++)
            of_channel[symbols[channel * channel_elements + i]]++;
        for (int symbol = 0; symbol < 256; symbol++) {
            counts[symbol] += of_channel[symbol];
            if (of_channel[symbol] > 0 && is_nonzero(tensor, (uint8_t)symbol, channel))
                report->nonzero += of_channel[symbol];
        }
    }
    mc_free(tensor->context, symbols);
    double bits = entropy_bits(counts, (double)tensor->element_count);
    report->entropy_bound_nbytes = (uint64_t)ceil(bits / 8) + tensor->parts[MC_PART_SCALES].nbytes +
                                   tensor->parts[MC_PART_ZERO_POINTS].nbytes +
                                   tensor->parts[MC_PART_CODEBOOK].nbytes;
    return status;
}

static mcomp_status report_floats(const mcomp_tensor *tensor, mcomp_tensor_report *report)
{
    bool half = tensor->encoded ? tensor->encoding.numeric != MCOMP_NUMERIC_F32
                                : tensor->dtype != MCOMP_DTYPE_F32;
    report->entropy_bound_nbytes = tensor->element_count * (half ? 2u : 4u);
    size_t nbytes = tensor->element_count * sizeof(float);
    float *values = mc_alloc(tensor->context, nbytes);
    if (!values)
        return mc_fail_memory(nbytes);
    mcomp_status status = mcomp_tensor_decode(tensor, values, tensor->element_count);
    for (size_t i = 0; status == MCOMP_OK && i < tensor->element_count; i++)
        report->nonzero += values[i] != 0;
    mc_free(tensor->context, values);
    return status;
}

static mcomp_status report_integers(const mcomp_tensor *tensor, mcomp_tensor_report *report)
{
    static const uint8_t zero[8];
    size_t element_nbytes = mc_dtype_nbytes(tensor->dtype);
    const uint8_t *data = tensor->data;
    MC_TRY(mc_tensor_touch(tensor));
    for (size_t i = 0; i < tensor->element_count; i++)
        report->nonzero += memcmp(data + i * element_nbytes, zero, element_nbytes) != 0;
    report->entropy_bound_nbytes = tensor->element_count * element_nbytes;
    return MCOMP_OK;
}

static mcomp_status report_values(const mcomp_tensor *tensor, mcomp_tensor_report *report)
{
    if (tensor->encoded && mc_encoding_has_symbols(&tensor->encoding))
        return report_symbols(tensor, report);
    if (tensor->encoded || tensor->dtype <= MCOMP_DTYPE_BF16)
        return report_floats(tensor, report);
    return report_integers(tensor, report);
}

mcomp_status mcomp_graph_get_report(mcomp_graph *graph, uint32_t index, mcomp_tensor_report *info)
{
    MC_REQUIRE(graph && info, MCOMP_ERR_INVALID_ARGUMENT, "no network or no place for the answer");
    MC_REQUIRE(graph->verified, MCOMP_ERR_INVALID_ARGUMENT, "network %s is not verified yet",
               graph->name);
    const mc_value *value = graph->values, *end = graph->values + graph->value_count;
    for (uint32_t constant = 0; value < end; value++)
        if (value->constant && constant++ == index)
            break;
    if (value == end)
        return MCOMP_END;
    const mcomp_tensor *tensor = value->constant;
    mcomp_tensor_report own = {.rank = value->rank,
                               .name = value->name,
                               .encoding = value->encoding_text,
                               .values = tensor->element_count,
                               .stored_nbytes = mc_tensor_stored_nbytes(tensor),
                               .sqnr_db = value->sqnr_db};
    memcpy(own.shape, value->shape, sizeof own.shape);
    MC_TRY(report_values(tensor, &own));
    return mc_info_copy(info, &own, sizeof own, "mcomp_tensor_report");
}

const char *mcomp_graph_get_recipe(const mcomp_graph *graph)
{
    return graph->recipe;
}

const char *mcomp_graph_get_note(const mcomp_graph *graph, uint32_t index)
{
    return index < graph->note_count ? graph->notes[index] : NULL;
}
