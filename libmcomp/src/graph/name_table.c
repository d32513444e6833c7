#include "name_table.h"

#include <string.h>

#include "base/status.h"

static uint32_t hash_text(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* The slot that holds name, or the free one where it belongs. */
static uint32_t slot_of(const mcomp_graph *graph, const mcomp_value *slots, uint32_t capacity,
                        const char *name)
{
    uint32_t slot = hash_text(name) & (capacity - 1);
    while (slots[slot] != MCOMP_NO_VALUE && strcmp(graph->values[slots[slot]].name, name) != 0)
        slot = (slot + 1) & (capacity - 1);
    return slot;
}

mcomp_value mc_name_table_find(const mcomp_graph *graph, const char *name)
{
    if (!graph->name_capacity)
        return MCOMP_NO_VALUE;
    return graph->names[slot_of(graph, graph->names, graph->name_capacity, name)];
}

mcomp_status mc_name_table_reserve(mcomp_graph *graph)
{
    if (graph->value_count < graph->name_capacity / 2)
        return MCOMP_OK;
    uint32_t capacity = graph->name_capacity ? graph->name_capacity * 2 : 64;
    mcomp_value *slots = mc_alloc_array(graph->context, capacity, sizeof *slots);
    if (!slots)
        return mc_fail_memory(capacity * sizeof *slots);
    for (uint32_t i = 0; i < capacity; i++)
        slots[i] = MCOMP_NO_VALUE;
    for (uint32_t v = 0; v < graph->value_count; v++)
        slots[slot_of(graph, slots, capacity, graph->values[v].name)] = (mcomp_value)v;
    mc_free(graph->context, graph->names);
    graph->names = slots;
    graph->name_capacity = capacity;
    return MCOMP_OK;
}

void mc_name_table_enter(mcomp_graph *graph, mcomp_value value)
{
    const char *name = graph->values[value].name;
    graph->names[slot_of(graph, graph->names, graph->name_capacity, name)] = value;
}
