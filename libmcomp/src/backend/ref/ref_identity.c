#include "ref_move.h"

const mc_routine mc_ref_identity = {"mc_ref_identity", mc_move_all, "a copy"};
