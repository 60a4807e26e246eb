/*
 * discovery.c: GET /backends and GET /stats: what this server supports, and its load.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "clock.h"
#include "handlers.h"

/* --- Backends --- */

/* In the order in which the full server lists them. */
static const char *const other_backends[] = {
    "docker", "podman",  "firecracker", "apple", "hyperlight", "cloudhypervisor", "kubernetes",
    "nomad",  "daytona", "runloop",     "e2b",   "modal",      "agentcomputer"};

static const struct {
    const char *name;
    bool ours;
} capabilities[] = {{"mount_cwd", false},
                    {"mount_home", false},
                    {"attach", false},
                    {"host_volumes", false},
                    {"ssh", false},
                    {"proxy_secret_bindings", false},
                    {"secret_files", false},
                    {"snapshots", true},
                    {"resume", true},
                    {"full_state_pause_resume", false},
                    {"full_state_fork", false},
                    {"endpoints", false}};

static void write_backend(struct writer *writer, const char *name, bool ours, bool usable, const char *why) {
    writer_element(writer);
    writer_open(writer, '{');
    writer_member_text(writer, "backend", name);
    writer_member_bool(writer, "configured", ours);
    writer_member_bool(writer, "usable", usable);
    writer_member_text(writer, "readiness_reason", why);
    writer_name(writer, "capabilities");
    writer_open(writer, '{');
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
        writer_member_bool(writer, capabilities[i].name, ours && capabilities[i].ours);
    }
    writer_close(writer, '}');
    writer_close(writer, '}');
}

void handle_get_backends(struct api *api, struct request *request, struct reply *reply) {
    (void)request;
    struct writer *writer = &reply->body;
    const char *why = NULL;
    bool usable = status_sandbox_usable(api, &why);
    reply_open(reply, 200);
    writer_open(writer, '{');
    writer_member_text(writer, "default_backend", "bubblewrap");
    writer_name(writer, "backends");
    writer_open(writer, '[');
    write_backend(writer, "bubblewrap", true, usable, why);
    for (size_t i = 0; i < sizeof other_backends / sizeof other_backends[0]; i++) {
        write_backend(writer, other_backends[i], false, false,
                      "agentkernel-local has no other backend than bubblewrap");
    }
    writer_close(writer, ']');
    writer_close(writer, '}');
    reply_close(reply);
}

/* --- Stats --- */

/* The machine's memory in MB, as /proc/meminfo has it. */
static void read_memory(uint64_t *used, uint64_t *total) {
    char line[128];
    unsigned long long total_kb = 0;
    unsigned long long available_kb = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, "MemTotal: %llu", &total_kb);
        sscanf(line, "MemAvailable: %llu", &available_kb);
    }
    if (file) {
        fclose(file);
    }
    *total = total_kb / 1024;
    *used = available_kb < total_kb ? (total_kb - available_kb) / 1024 : 0;
}

/* The load of the machine over the last minute; 100 is all its CPUs. */
static double cpu_percent(void) {
    double load = 0;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return getloadavg(&load, 1) == 1 && cpus > 0 ? load * 100 / (double)cpus : 0;
}

static void write_usage(struct writer *writer, const struct api *api) {
    char percent[32];
    uint64_t used = 0;
    uint64_t total = 0;
    struct statvfs disk;
    uint64_t disk_used = 0;
    read_memory(&used, &total);
    if (fstatvfs(api->state.dir.top_fd, &disk) == 0) {
        disk_used = (uint64_t)(disk.f_blocks - disk.f_bfree) * disk.f_frsize >> 20;
    }
    snprintf(percent, sizeof percent, "%.1f", cpu_percent());
    writer_open(writer, '{');
    writer_name(writer, "cpu_percent");
    writer_text(writer, percent);
    writer_member_uint(writer, "memory_used_mb", used);
    writer_member_uint(writer, "memory_total_mb", total);
    writer_member_uint(writer, "disk_used_mb", disk_used);
    writer_close(writer, '}');
}

void handle_get_stats(struct api *api, struct request *request, struct reply *reply) {
    (void)request;
    struct writer *writer = &reply->body;
    struct sandbox **list = state_list(&api->state);
    if (!list) {
        reply_error(reply, 500, "out of memory");
        return;
    }
    size_t count = 0;
    while (list[count]) {
        count++;
    }
    state_free_list(list);
    reply_open(reply, 200);
    writer_open(writer, '{');
    writer_member_uint(writer, "sandbox_count", count);
    writer_member_uint(writer, "sandbox_limit", 0);
    writer_member_text(writer, "backend", "bubblewrap");
    writer_member_uint(writer, "uptime_seconds", (uint64_t)(clock_monotonic_ms() - api->started_ms) / 1000);
    writer_member_text(writer, "version", AKL_VERSION);
    writer_name(writer, "resource_usage");
    write_usage(writer, api);
    writer_close(writer, '}');
    reply_close(reply);
}
