#include "op_same_shape.h"

static const char *const attributes[] = {NULL};

const mc_operator mc_operator_hard_swish = {"HardSwish", 1, 1, attributes, mc_same_shape_infer};
