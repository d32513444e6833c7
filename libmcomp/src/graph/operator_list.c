#include "graph_struct.h"

#include <string.h>

#define MC_OPERATOR(onnx_name, stem) extern const mc_operator mc_operator_##stem;
#include "operators.def"
#undef MC_OPERATOR

static const mc_operator *const operators[] = {
#define MC_OPERATOR(onnx_name, stem) &mc_operator_##stem,
#include "operators.def"
#undef MC_OPERATOR
};

#define OPERATOR_COUNT (sizeof operators / sizeof operators[0])

const mc_operator *mc_operator_find(const char *name)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (strcmp(operators[i]->name, name) == 0)
            return operators[i];
    return NULL;
}

const char *mcomp_operator_name(uint32_t index)
{
    return index < OPERATOR_COUNT ? operators[index]->name : NULL;
}
