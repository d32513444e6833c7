#include "gaps.h"

#include <string.h>

size_t mc_gaps_from_kept(const uint8_t *kept, size_t place_count, unsigned gap_bits, uint16_t *gaps)
{
    const size_t filler = ((size_t)1 << gap_bits) - 1;
    size_t count = 0, run = 0;
    for (size_t i = 0; i < place_count; i++) {
        if (!kept[i]) {
            run++;
            continue;
        }
        for (; run >= filler; run -= filler, count++)
            if (gaps)
                gaps[count] = (uint16_t)filler;
        if (gaps)
            gaps[count] = (uint16_t)run;
        count++;
        run = 0;
    }
    return count;
}

bool mc_gaps_to_kept(const uint16_t *gaps, size_t gap_count, unsigned gap_bits, uint8_t *kept,
                     size_t place_count)
{
    const size_t filler = ((size_t)1 << gap_bits) - 1;
    size_t place = 0;
    memset(kept, 0, place_count);
    if (gap_count > 0 && gaps[gap_count - 1] == filler)
        return false;
    for (size_t i = 0; i < gap_count; i++) {
        if (gaps[i] > place_count - place)
            return false;
        place += gaps[i];
        if (gaps[i] == filler)
            continue;
        if (place == place_count)
            return false;
        kept[place++] = 1;
    }
    return true;
}
