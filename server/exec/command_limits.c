#include "command_limits.h"

struct limits limits_of_profile(enum profile profile) {
    switch (profile) {
    case PROFILE_PERMISSIVE:
        return (struct limits){.max_processes = 4096};
    case PROFILE_RESTRICTIVE:
        return (struct limits){.memory_bytes = (uint64_t)256 << 20, .cpus = 0.5, .max_processes = 256};
    default:
        return (struct limits){.memory_bytes = (uint64_t)512 << 20, .max_processes = 1024};
    }
}

struct limits limits_of_sandbox(struct sandbox *sandbox) {
    struct limits limits = limits_of_profile(sandbox->profile);
    pthread_mutex_lock(&sandbox->meta_lock);
    limits.memory_bytes = sandbox->memory_mb << 20;
    limits.cpus = sandbox->cpu_percent / 100.0;
    pthread_mutex_unlock(&sandbox->meta_lock);
    return limits;
}
