/* Gives files to a harness, one after the other, without libFuzzer: so the corpora are part of every
 * test run. */
#include <stdio.h>

#include "fuzz.h"

static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    long nbytes = -1;
    if (file && fseek(file, 0, SEEK_END) == 0)
        nbytes = ftell(file);
    uint8_t *data = nbytes >= 0 ? malloc((size_t)nbytes + 1) : NULL;
    bool whole = false;
    if (data) {
        rewind(file);
        whole = fread(data, 1, (size_t)nbytes, file) == (size_t)nbytes;
    }
    if (whole)
        LLVMFuzzerTestOneInput(data, (size_t)nbytes);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
    free(data);
    if (file)
        fclose(file);
    return whole;
}

int main(int argument_count, char **arguments)
{
    bool good = argument_count > 1;
    for (int i = 1; i < argument_count; i++)
        good &= replay(arguments[i]);
    printf("%d files\n", argument_count - 1);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
