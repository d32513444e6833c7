#include "ref_move.h"

const mc_routine mc_ref_flatten = {"mc_ref_flatten", mc_move_all,
                                   "a copy: shapes differ, bytes do not"};
