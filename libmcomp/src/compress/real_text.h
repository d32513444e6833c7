/** @file real_text.h
 *  Numbers as text, the same in every locale: the decimal point is a point. */
#ifndef MC_REAL_TEXT_H
#define MC_REAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Room that mc_real_format() needs. */
#define MC_REAL_TEXT_NBYTES 64

/** Digits, perhaps a sign, a point and an exponent, and nothing else: no "nan", no hexadecimals.
 *  @return false where text is no such number or one too large for a double */
bool mc_real_parse(const char *text, double *value);
/** The shortest text that mc_real_parse() reads as the same number; value is finite.
 *  @return text */
const char *mc_real_format(double value, char text[MC_REAL_TEXT_NBYTES]);
/** Digits, perhaps with '-' before them.
 *  @return false where text is no integer or one outside of [-2^63, 2^63) */
bool mc_integer_parse(const char *text, int64_t *value);

#endif
