#include "op_binary.h"

static const char *const attributes[] = {"activation_low", "activation_high", NULL};

const mc_operator mc_operator_div = {"Div", 2, 2, attributes, mc_binary_infer};
