#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cpu_features.h"

#if defined(__x86_64__)

#include <cpuid.h>

void mc_cpu_name(char *text, size_t capacity)
{
    text[0] = 0;
    char name[49] = "";
    unsigned registers[4];
    for (unsigned leaf = 0; leaf < 3; leaf++) {
        if (!__get_cpuid(0x80000002u + leaf, &registers[0], &registers[1], &registers[2],
                         &registers[3]))
            return;
        memcpy(name + 16 * leaf, registers, sizeof registers);
    }
    size_t start = strspn(name, " "), end = strlen(name);
    while (end > start && name[end - 1] == ' ')
        end--;
    snprintf(text, capacity, "%.*s", (int)(end - start), name + start);
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

/* Arm's own cores by the part number of the main ID register; those of others are shown by number. */
static const struct {
    unsigned part;
    const char *name;
} arm_cores[] = {
    {0xd03, "Cortex-A53"},  {0xd04, "Cortex-A35"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},  {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse-N1"}, {0xd0d, "Cortex-A77"},  {0xd40, "Neoverse-V1"}, {0xd41, "Cortex-A78"},
    {0xd44, "Cortex-X1"},   {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"}, {0xd48, "Cortex-X2"},
    {0xd49, "Neoverse-N2"}, {0xd4d, "Cortex-A715"}, {0xd4e, "Cortex-X3"},   {0xd4f, "Neoverse-V2"},
    {0xd80, "Cortex-A520"}, {0xd81, "Cortex-A720"}, {0xd82, "Cortex-X4"},
};

/* The main ID register of a core, as the system tells it. */
static bool read_id_file(unsigned core, unsigned long *id)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/regs/identification/midr_el1", core);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool found = fscanf(file, "%lx", id) == 1;
    fclose(file);
    return found;
}

/* That of the core that this thread is on. */
static bool read_id_register(unsigned long *id)
{
    const unsigned long registers_are_readable = 1ul << 11;
    if (!(getauxval(AT_HWCAP) & registers_are_readable))
        return false;
    __asm__("mrs %0, midr_el1" : "=r"(*id));
    return true;
}

static void describe_core(unsigned long id, char *text, size_t capacity)
{
    const unsigned implementer = id >> 24 & 0xff, part = id >> 4 & 0xfff;
    for (size_t i = 0; implementer == 'A' && i < sizeof arm_cores / sizeof *arm_cores; i++)
        if (arm_cores[i].part == part) {
            snprintf(text, capacity, "Arm %s", arm_cores[i].name);
            return;
        }
    snprintf(text, capacity, "implementer 0x%02x part 0x%03x", implementer, part);
}

/* Cores of several kinds, as in phones, are each named once, in the system's order: the name must
 * not depend on where the calling thread happens to be. */
void mc_cpu_name(char *text, size_t capacity)
{
    char core[40];
    unsigned long id;
    text[0] = 0;
    for (unsigned i = 0; read_id_file(i, &id); i++) {
        describe_core(id, core, sizeof core);
        size_t length = strlen(text);
        if (!strstr(text, core))
            snprintf(text + length, capacity - length, "%s%s", length ? ", " : "", core);
    }
    if (!text[0] && read_id_register(&id)) {
        describe_core(id, core, sizeof core);
        snprintf(text, capacity, "%s", core);
    }
}

#else

void mc_cpu_name(char *text, size_t capacity)
{
    (void)capacity;
    text[0] = 0;
}

#endif
