/* The one place that names all built-in devices. */
#include "cpu/cpu_device.h"
#include "ref/ref_device.h"

const mc_device_open_fn mc_device_registry[] = {
    mc_cpu_device_open,
    mc_ref_device_open,
    NULL,
};
