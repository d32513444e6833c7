#include "energy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool read_number(const char *path, uint64_t *number)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool found = fscanf(file, "%" SCNu64, number) == 1;
    fclose(file);
    return found;
}

static bool read_word(const char *path, char *word, size_t capacity)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool found = fgets(word, (int)capacity, file) != NULL;
    fclose(file);
    word[found ? strcspn(word, "\n") : 0] = 0;
    return found;
}

bool mc_energy_find(const char *root, mc_energy_counter *counter)
{
    enum { MAX_ZONES = 16, MAX_ROOT = 160 };
    memset(counter, 0, sizeof *counter);
    if (strlen(root) > MAX_ROOT)
        return false;
    for (int zone = 0; zone < MAX_ZONES; zone++) {
        char path[sizeof counter->path], name[32];
        uint64_t number;
        snprintf(path, sizeof path, "%s/intel-rapl:%d/name", root, zone);
        if (!read_word(path, name, sizeof name) || strncmp(name, "package", 7) != 0)
            continue;
        snprintf(path, sizeof path, "%s/intel-rapl:%d/max_energy_range_uj", root, zone);
        if (!read_number(path, &counter->range_uj))
            continue;
        snprintf(counter->path, sizeof counter->path, "%s/intel-rapl:%d/energy_uj", root, zone);
        if (!read_number(counter->path, &number))
            continue;
        snprintf(counter->source, sizeof counter->source, "powercap %s", name);
        return true;
    }
    return false;
}

bool mc_energy_start(mc_energy_counter *counter)
{
    return counter->source[0] && read_number(counter->path, &counter->start_uj);
}

double mc_energy_joules(const mc_energy_counter *counter)
{
    uint64_t now_uj;
    if (!counter->source[0] || !read_number(counter->path, &now_uj))
        return -1;
    uint64_t used_uj = now_uj >= counter->start_uj
                           ? now_uj - counter->start_uj
                           : now_uj + (counter->range_uj - counter->start_uj);
    return (double)used_uj * 1e-6;
}
