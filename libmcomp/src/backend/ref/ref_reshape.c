#include "ref_move.h"

const mc_routine mc_ref_reshape = {"mc_ref_reshape", mc_move_all,
                                   "a copy: shapes differ, bytes do not"};
