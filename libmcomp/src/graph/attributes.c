#include "attributes.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

/* The attribute, checked for its type and count; *out is NULL where the node has none. */
static mcomp_status find_typed(const mc_node *node, const char *name, mcomp_attribute_type type,
                               size_t count, const mcomp_attribute **out)
{
    static const char *const words[] = {"", "integers", "floats", "text"};
    const mcomp_attribute *attribute = mc_node_attribute(node, name);
    *out = attribute;
    if (!attribute)
        return MCOMP_OK;
    MC_REQUIRE(attribute->type == type, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: attribute %s must hold %s", node->name, name, words[type]);
    MC_REQUIRE(type == MCOMP_ATTRIBUTE_TEXT || attribute->count == count,
               MCOMP_ERR_INVALID_ARGUMENT, "node %s: attribute %s has %zu elements, not %zu",
               node->name, name, attribute->count, count);
    return MCOMP_OK;
}

mcomp_status mc_attribute_integers(const mc_node *node, const char *name, size_t count, int64_t low,
                                   int64_t high, int32_t *values)
{
    const mcomp_attribute *attribute;
    MC_TRY(find_typed(node, name, MCOMP_ATTRIBUTE_INTEGERS, count, &attribute));
    for (size_t i = 0; attribute && i < count; i++) {
        int64_t value = attribute->integers[i];
        MC_REQUIRE(value >= low && value <= high, MCOMP_ERR_INVALID_ARGUMENT,
                   "node %s: attribute %s is %lld, not in [%lld, %lld]", node->name, name,
                   (long long)value, (long long)low, (long long)high);
        values[i] = (int32_t)value;
    }
    return MCOMP_OK;
}

mcomp_status mc_attribute_integer_list(const mc_node *node, const char *name, int64_t *values,
                                       uint32_t capacity, uint32_t *count)
{
    const mcomp_attribute *attribute = mc_node_attribute(node, name);
    *count = 0;
    if (!attribute)
        return MCOMP_OK;
    MC_TRY(find_typed(node, name, MCOMP_ATTRIBUTE_INTEGERS, attribute->count, &attribute));
    MC_REQUIRE(attribute->count <= capacity, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: attribute %s has %zu elements, more than %u", node->name, name,
               attribute->count, capacity);
    *count = (uint32_t)attribute->count;
    memcpy(values, attribute->integers, *count * sizeof *values);
    return MCOMP_OK;
}

mcomp_status mc_attribute_integer(const mc_node *node, const char *name, int64_t low, int64_t high,
                                  int32_t *value)
{
    return mc_attribute_integers(node, name, 1, low, high, value);
}

mcomp_status mc_attribute_bool(const mc_node *node, const char *name, bool *value)
{
    int32_t number = *value;
    MC_TRY(mc_attribute_integer(node, name, 0, 1, &number));
    *value = number != 0;
    return MCOMP_OK;
}

mcomp_status mc_attribute_float(const mc_node *node, const char *name, float *value)
{
    const mcomp_attribute *attribute;
    MC_TRY(find_typed(node, name, MCOMP_ATTRIBUTE_FLOATS, 1, &attribute));
    if (!attribute)
        return MCOMP_OK;
    MC_REQUIRE(!isnan(attribute->floats[0]), MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: attribute %s is not a number", node->name, name);
    *value = attribute->floats[0];
    return MCOMP_OK;
}

mcomp_status mc_attribute_finite(const mc_node *node, const char *name, float *value)
{
    MC_TRY(mc_attribute_float(node, name, value));
    MC_REQUIRE(isfinite(*value), MCOMP_ERR_INVALID_ARGUMENT, "node %s: attribute %s is infinite",
               node->name, name);
    return MCOMP_OK;
}

mcomp_status mc_attribute_text(const mc_node *node, const char *name, const char **value)
{
    const mcomp_attribute *attribute;
    MC_TRY(find_typed(node, name, MCOMP_ATTRIBUTE_TEXT, 0, &attribute));
    if (attribute)
        *value = attribute->text;
    return MCOMP_OK;
}

mcomp_status mc_attribute_axis(const mc_node *node, uint32_t rank, int32_t *axis)
{
    MC_TRY(mc_attribute_integer(node, "axis", -(int64_t)rank, (int64_t)rank - 1, axis));
    MC_REQUIRE(*axis >= -(int32_t)rank && *axis < (int32_t)rank, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: axis %d is outside rank %u", node->name, *axis, rank);
    if (*axis < 0)
        *axis += (int32_t)rank;
    return MCOMP_OK;
}

mcomp_status mc_node_axis(const mc_node *node, uint32_t rank, int64_t given, bool *seen,
                          uint32_t *axis)
{
    int64_t placed = given < 0 && given >= -(int64_t)rank ? given + rank : given;
    MC_REQUIRE(placed >= 0 && placed < (int64_t)rank && !seen[placed], MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: axis %lld is repeated or outside rank %u", node->name, (long long)given,
               rank);
    seen[placed] = true;
    *axis = (uint32_t)placed;
    return MCOMP_OK;
}

mcomp_status mc_attribute_activation(const mc_node *node, mc_activation *activation)
{
    activation->low = -INFINITY;
    activation->high = INFINITY;
    activation->clamp = mc_node_attribute(node, "activation_low") != NULL ||
                        mc_node_attribute(node, "activation_high") != NULL;
    MC_TRY(mc_attribute_float(node, "activation_low", &activation->low));
    return mc_attribute_float(node, "activation_high", &activation->high);
}

mcomp_status mc_attribute_statistics(const mc_node *node, int64_t channel_count)
{
    const mcomp_attribute *attribute;
    MC_TRY(
        find_typed(node, "output_mean", MCOMP_ATTRIBUTE_FLOATS, (size_t)channel_count, &attribute));
    return find_typed(node, "output_deviation", MCOMP_ATTRIBUTE_FLOATS, (size_t)channel_count,
                      &attribute);
}

bool mc_is_scale(float scale)
{
    return scale >= 0x1p-125f && isfinite(scale);
}

bool mc_node_is_quantized(const mcomp_graph *graph, const mc_node *node)
{
    return mc_node_input(graph, node, 0)->dtype != MCOMP_DTYPE_F32;
}

/* The three attributes output_*; *given says whether they are there. */
static mcomp_status parse_quantization(const mc_node *node, bool *given, mc_value *quantization)
{
    const char *dtype = NULL;
    *given = mc_node_attribute(node, "output_dtype") != NULL;
    bool scale = mc_node_attribute(node, "output_scale") != NULL;
    bool zero_point = mc_node_attribute(node, "output_zero_point") != NULL;
    MC_REQUIRE(*given == scale && scale == zero_point, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: output_dtype, output_scale and output_zero_point go together", node->name);
    if (!*given)
        return MCOMP_OK;
    MC_TRY(mc_attribute_text(node, "output_dtype", &dtype));
    bool is_unsigned = strcmp(dtype, "u8") == 0;
    MC_REQUIRE(is_unsigned || strcmp(dtype, "s8") == 0, MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: output_dtype is %s, not u8 or s8", node->name, dtype);
    quantization->dtype = is_unsigned ? MCOMP_DTYPE_U8 : MCOMP_DTYPE_S8;
    MC_TRY(mc_attribute_float(node, "output_scale", &quantization->scale));
    MC_REQUIRE(mc_is_scale(quantization->scale), MCOMP_ERR_INVALID_ARGUMENT,
               "node %s: output_scale is %g, not a number of 2^-125 or more", node->name,
               (double)quantization->scale);
    return mc_attribute_integer(node, "output_zero_point", is_unsigned ? 0 : INT8_MIN,
                                is_unsigned ? UINT8_MAX : INT8_MAX, &quantization->zero_point);
}

mcomp_status mc_node_quantize_output(const mcomp_graph *graph, const mc_node *node,
                                     mc_value *output)
{
    bool given = false;
    bool integer = mc_node_is_quantized(graph, node);
    output->dtype = MCOMP_DTYPE_F32;
    MC_TRY(parse_quantization(node, &given, output));
    MC_REQUIRE(given == integer, MCOMP_ERR_INVALID_ARGUMENT,
               integer ? "node %s: its input is quantised, so output_dtype, output_scale and "
                         "output_zero_point are needed"
                       : "node %s: its input is float32, so its output cannot be quantised",
               node->name);
    return MCOMP_OK;
}

mcomp_status mc_node_keep_quantization(const mcomp_graph *graph, const mc_node *node,
                                       mc_value *output)
{
    const mc_value *input = mc_node_input(graph, node, 0);
    bool given = false;
    MC_TRY(parse_quantization(node, &given, output));
    MC_REQUIRE(
        !given || (output->dtype == input->dtype && output->scale == input->scale &&
                   output->zero_point == input->zero_point),
        MCOMP_ERR_INVALID_ARGUMENT,
        "node %s: moves elements, so dtype, scale and zero point of its output must be those "
        "of its input",
        node->name);
    output->dtype = input->dtype;
    output->scale = input->scale;
    output->zero_point = input->zero_point;
    return MCOMP_OK;
}

mcomp_status mc_node_multiply(const mc_node *node, uint64_t *product, int64_t factor)
{
    MC_REQUIRE(!__builtin_mul_overflow(*product, (uint64_t)factor, product), MCOMP_ERR_LIMIT,
               "node %s: too many operations to count", node->name);
    return MCOMP_OK;
}
