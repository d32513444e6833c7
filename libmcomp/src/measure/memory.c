/* Resident memory of this process, as the kernel counts it. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mcomp/measure.h"

/* The line "key: N kB" of /proc/self/status in bytes; read without stdio, which would allocate. */
static uint64_t status_nbytes(const char *key)
{
    char text[4096];
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    const char *line = strstr(text, key);
    uint64_t kibibytes = 0;
    if (!line || sscanf(line + strlen(key), " %" SCNu64, &kibibytes) != 1)
        return 0;
    return kibibytes * 1024;
}

uint64_t mcomp_resident_nbytes(void)
{
    return status_nbytes("VmRSS:");
}

uint64_t mcomp_peak_resident_nbytes(void)
{
    return status_nbytes("VmHWM:");
}

int mcomp_peak_resident_reset(void)
{
    int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t written = write(file, "5", 1);
    close(file);
    return written == 1;
}
