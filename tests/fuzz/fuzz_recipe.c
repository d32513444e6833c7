/* Any text as a recipe: refused, or its canonical form means itself. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    char *text = malloc(nbytes + 1);
    fuzz_require(text != NULL);
    memcpy(text, data, nbytes);
    text[nbytes] = 0;
    mcomp_recipe *recipe = NULL, *again = NULL;
    if (mcomp_recipe_create(fuzz_context(), text, &recipe) == MCOMP_OK) {
        const char *canonical = mcomp_recipe_text(recipe);
        fuzz_require(mcomp_recipe_create(fuzz_context(), canonical, &again) == MCOMP_OK);
        fuzz_require(strcmp(mcomp_recipe_text(again), canonical) == 0);
    } else {
        fuzz_require(!recipe && mcomp_last_error()[0] != 0);
    }
    mcomp_recipe_destroy(recipe);
    mcomp_recipe_destroy(again);
    free(text);
    return 0;
}
