/** @file operator_cases.h
 *  The cases: every operator, odd shapes, every attribute that changes what is computed. */
#ifndef OPERATOR_CASES_H
#define OPERATOR_CASES_H

#include "operator_case.h"

#define CONV(c, h, w, o, kh, kw)                                                                   \
    .op = "Conv", .integer = true, .rank = 4, .dims = {c, h, w}, .outputs = o, .kernel = {kh, kw}
#define POOL(pool, c, h, w, kh, kw)                                                                \
    .op = pool, .integer = true, .rank = 4, .dims = {c, h, w}, .kernel = {kh, kw}
#define MATRICES(b, m, k)        .op = "MatMul", .rank = 4, .dims = {b, m, k}
#define GEMM(k, o)               .op = "Gemm", .integer = true, .rank = 2, .dims = {k}, .outputs = o
#define PLAIN(operator, c, h, w) .op = operator, .rank = 4, .dims = {c, h, w}

static const operator_case operator_cases[] = {
#include "cases_elements.inc"
#include "cases_moves.inc"
#include "cases_windows.inc"
};

#define OPERATOR_CASE_COUNT (sizeof operator_cases / sizeof operator_cases[0])

#endif
