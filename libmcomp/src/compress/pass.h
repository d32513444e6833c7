/** @file pass.h
 *  What a pass is. One a file; passes.def lists them; docs/add-a-pass.md says how to add one. */
#ifndef MC_PASS_H
#define MC_PASS_H

#include "base/buffer.h"
#include "compression.h"
#include "mcomp/compress.h"

/** Parameters of its own that a pass can have; `skip` and `only` come on top. */
#define MC_PASS_MAX_PARAMETERS 6u

/** When a pass does its work. A recipe's passes are in this order, because a later stage chooses
 *  inside what an earlier one allows. */
typedef enum mc_stage {
    MC_STAGE_PRUNE = 0,   /**< which weights are 0; any number of passes a weight */
    MC_STAGE_NUMERIC = 1, /**< which numbers the others may be; one pass a weight */
    MC_STAGE_STORAGE = 2, /**< how it becomes bytes; one pass a weight */
    MC_STAGE_COUNT = 3
} mc_stage;

typedef enum mc_parameter_type {
    MC_PARAMETER_REAL = 0,
    MC_PARAMETER_INTEGER = 1,
    MC_PARAMETER_CHOICE = 2,
    MC_PARAMETER_BLOCK = 3, /**< RxC or N:M */
    MC_PARAMETER_GLOBS = 4
} mc_parameter_type;

typedef struct mc_parameter {
    const char *name;
    mc_parameter_type type;
    const char *default_value; /**< as text, "": none */
    double min, max;           /**< real and integer */
    const char *choices;       /**< choice: words with '|' between them */
    const char *summary;
} mc_parameter;

/** A parameter's value; the member that its type says. */
typedef struct mc_argument {
    bool given; /**< in the text, or by default; else there is no value */
    double real;
    int64_t integer;
    uint32_t choice; /**< index of the word */
    mc_block block;
    const char *globs;
} mc_argument;

typedef struct mc_step mc_step;

typedef struct mc_pass {
    const char *name;
    const char *summary; /**< one line */
    const char *source;  /**< where the method comes from */
    mc_stage stage;
    const mc_parameter *parameters;
    uint32_t parameter_count;
    /** Weights whose values are not all finite are refused before run. */
    bool needs_finite;
    /** Are the arguments good together? Called when a recipe is made; may be NULL. */
    mcomp_status (*check)(const mc_step *step);
    /** Change the state of the selected weights, which are loaded. Reports progress by
     *  mc_stage_progress_advance(), each weight's elements once. */
    mcomp_status (*run)(mc_compression *compression, const mc_step *step, mc_weight *const *weights,
                        size_t count);
} mc_pass;

/** One pass of a recipe. */
struct mc_step {
    const mc_pass *pass;
    mc_argument arguments[MC_PASS_MAX_PARAMETERS]; /**< in the order of the pass's parameters */
    const char *skip;                              /**< globs, NULL: none */
    const char *only;
};

struct mcomp_recipe {
    mcomp_context *context;
    mc_arena arena; /**< texts of the steps */
    mc_step *steps;
    uint32_t step_count, step_capacity;
    const char *whole_passes[MC_STAGE_COUNT]; /**< the one that takes all weights, or NULL */
    const char *text;
};

/** @return NULL past the last */
const mc_pass *mc_pass_at(uint32_t index);
/** @return NULL for an unknown name */
const mc_pass *mc_pass_find(const char *name);
/** A pass's parameter, then `skip` and `only`. @return NULL past the last */
const mc_parameter *mc_pass_parameter(const mc_pass *pass, uint32_t index);

/** Read a parameter's value. Refuses what the parameter does not allow; the message names the pass,
 *  parameter and what is possible.
 *  @param arena  keeps a copy of globs */
mcomp_status mc_argument_parse(const mc_pass *pass, const mc_parameter *parameter, const char *text,
                               mc_arena *arena, mc_argument *argument);
/** Append ` name=value` in the one way to write it, unless it is the default. */
void mc_argument_write(const mc_parameter *parameter, const mc_argument *argument, mc_buffer *out);

#endif
