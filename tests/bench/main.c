/*
 * main.c: ak-bench: measures each case in processes of their own, the ways of doing it one after the other in every
 * round, so that what disturbs the machine disturbs all of them alike.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define MAX_PROGRAMS 16

static const bench_case cases[] = {
    {"client",
     "health",
     "call",
     2000,
     9,
     false,
     0,
     {{"libcurl", raw_health, 0}, {"wait", wait_health, 1.25}, {"poll", poll_health, 1.25}}},
    {"client",
     "run",
     "call",
     2000,
     9,
     false,
     0,
     {{"libcurl", raw_run, 0}, {"wait", wait_run, 1.25}, {"poll", poll_run, 1.25}}},
    {"client",
     "list 1,000",
     "list",
     40,
     9,
     false,
     0,
     {{"libcurl", raw_list, 0}, {"libcurl+cJSON", raw_list_cjson, 0}, {"wait", wait_list, 0}, {"poll", poll_list, 0}}},
    {"client",
     "events 150 B",
     "event",
     FIXED_SMALL_EVENTS,
     9,
     false,
     0.5,
     {{"libcurl", raw_small, 0},
      {"libcurl+cJSON", raw_small_cjson, 0},
      {"wait", wait_small, 0},
      {"poll", poll_small, 0},
      {"read", read_small, 0}}},
    {"client",
     "events 16 KiB",
     "event",
     FIXED_LARGE_EVENTS,
     7,
     false,
     0,
     {{"libcurl", raw_large, 0},
      {"libcurl+cJSON", raw_large_cjson, 0},
      {"wait", wait_large, 0},
      {"poll", poll_large, 0},
      {"read", read_large, 0}}},
    {"client",
     "stream 1 GiB",
     "MiB",
     1024,
     3,
     false,
     0,
     {{"libcurl", raw_huge, 0}, {"wait", wait_huge, 0}, {"poll", poll_huge, 0}, {"read", read_huge, 0}}},
    {"client",
     "read file 12 MB",
     "file",
     10,
     7,
     false,
     0,
     {{"libcurl", raw_read_file, 0}, {"whole", whole_read_file, 5}, {"streamed", streamed_read_file, 5}}},
    {"client",
     "write file 12 MB",
     "file",
     10,
     7,
     false,
     0,
     {{"libcurl", raw_write_file, 0}, {"whole", whole_write_file, 5}, {"streamed", streamed_write_file, 5}}},
    {"client",
     "100 in flight",
     "call",
     4000,
     9,
     false,
     0,
     {{"libcurl multi", raw_in_flight, 0}, {"poll", poll_in_flight, 0}}},
    {"local",
     "run true",
     "command",
     20,
     9,
     true,
     0,
     {{"bwrap", bare_bwrap_run, 0}, {"agentkernel-local", local_run, 1.4}}},
    {"local",
     "exec true",
     "command",
     20,
     9,
     true,
     0,
     {{"bwrap", bare_bwrap_exec, 0}, {"agentkernel-local", local_exec, 1.4}}},
};

/* ---- one measured process -----------------------------------------------------------------------------------------
 */

static double read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void meter_start(bench_meter *meter) {
    meter->wall_start = read_clock(CLOCK_MONOTONIC);
    meter->cpu_start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void meter_stop(bench_meter *meter) {
    meter->out->cpu_us = (read_clock(CLOCK_PROCESS_CPUTIME_ID) - meter->cpu_start) / meter->units;
    meter->out->wall_us = (read_clock(CLOCK_MONOTONIC) - meter->wall_start) / meter->units;
}

static long peak_kb(void) {
    char line[128];
    long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %ld", &peak) != 1) {
    }
    if (status) {
        fclose(status);
    }
    return peak;
}

static bool measure(const bench_case *row, const bench_impl *impl, const char *url, bench_sample *out) {
    int result[2];
    bench_sample mine = {0};
    if (pipe(result) != 0) {
        perror("ak-bench: pipe");
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, impl->name); /* what a profiler shows it as */
        bench_meter meter = {.url = url, .units = row->units, .out = &mine};
        bool ok = impl->run(&meter);
        mine.peak_kb = peak_kb();
        ok = ok && write(result[1], &mine, sizeof mine) == sizeof mine;
        _exit(ok ? 0 : 1);
    }
    close(result[1]);
    int status = 1;
    bool ok = pid > 0 && read(result[0], out, sizeof *out) == sizeof *out;
    close(result[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ok || status != 0) {
        fprintf(stderr, "ak-bench: %s, %s by %s: failed\n", row->group, row->name, impl->name);
        return false;
    }
    return true;
}

static bool run_case(bench_report *report, const bench_case *row, int rounds, const char *url) {
    static bench_sample samples[MAX_ROUNDS][MAX_IMPLS];
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < MAX_IMPLS && row->impls[i].run; i++) {
            if (!measure(row, &row->impls[i], url, &samples[round][i])) {
                return false;
            }
        }
    }
    report_case(report, row, rounds, samples);
    return true;
}

/* ---- the fixed-answer server --------------------------------------------------------------------------------------
 */

typedef struct {
    pid_t pid;
    int stdin_fd; /* it ends when this is closed */
    char url[64];
} fixed_server;

/* ak-bench-server lies beside this program. */
static void exec_server(void) {
    char self[PATH_MAX], path[PATH_MAX + 32];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = '\0';
        snprintf(path, sizeof path, "%s/ak-bench-server", dirname(self));
        execl(path, "ak-bench-server", (char *)NULL);
    }
    perror("ak-bench: ak-bench-server");
    _exit(127);
}

static bool start_server(fixed_server *server) {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) {
        perror("ak-bench: pipe");
        return false;
    }
    server->pid = fork();
    if (server->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        exec_server();
    }
    close(in[0]);
    close(out[1]);
    server->stdin_fd = in[1];
    FILE *lines = fdopen(out[0], "r");
    bool ok = server->pid > 0 && lines && fscanf(lines, "listening on %63s", server->url) == 1;
    if (lines) {
        fclose(lines);
    }
    return ok;
}

static void stop_server(const fixed_server *server) {
    close(server->stdin_fd);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* ---- what other programs measured ---------------------------------------------------------------------------------
 */

/* Runs a program that measures against the same server; its lines that hold a JSON object are rows. */
static bool run_program(bench_report *report, const char *command, const char *url) {
    char line[1024];
    setenv("AK_BENCH_URL", url, 1);
    fflush(NULL);
    FILE *out = popen(command, "r");
    if (!out) {
        perror("ak-bench: popen");
        return false;
    }
    while (fgets(line, sizeof line, out)) {
        if (line[0] == '{') {
            report_line(report, line);
        } else {
            fputs(line, stderr);
        }
    }
    if (pclose(out) != 0) {
        fprintf(stderr, "ak-bench: %s: failed\n", command);
        return false;
    }
    return true;
}

/* ---- options ------------------------------------------------------------------------------------------------------
 */

static const char usage[] =
    "Usage: ak-bench [OPTION]...\n"
    "  --json            a JSON object per line instead of a table\n"
    "  --only WORD       only cases whose group or name holds WORD; no other programs\n"
    "  --rounds N        N rounds of every case\n"
    "  --local URL       an agentkernel-local to measure, too\n"
    "  --program COMMAND a program that adds rows (tests/bench/README.md); any number of times\n";

typedef struct {
    bench_report report;
    const char *only;
    const char *local_url;
    int rounds;
    const char *programs[MAX_PROGRAMS];
    int program_count;
} bench_options;

static bool read_options(bench_options *options, int argc, char **argv) {
    static const struct option names[] = {
        {"json", no_argument, NULL, 'j'},          {"only", required_argument, NULL, 'o'},
        {"rounds", required_argument, NULL, 'r'},  {"local", required_argument, NULL, 'l'},
        {"program", required_argument, NULL, 'p'}, {0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'j':
            options->report.json = true;
            break;
        case 'o':
            options->only = optarg;
            break;
        case 'r':
            options->rounds = atoi(optarg);
            break;
        case 'l':
            options->local_url = optarg;
            break;
        case 'p':
            if (options->program_count == MAX_PROGRAMS) {
                return false;
            }
            options->programs[options->program_count++] = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc && options->rounds >= 0 && options->rounds <= MAX_ROUNDS;
}

int main(int argc, char **argv) {
    bench_options options = {0};
    fixed_server server = {0};
    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!start_server(&server)) {
        return 1;
    }
    bool ok = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bench_case *row = &cases[i];
        const char *url = strcmp(row->group, "local") == 0 ? options.local_url : server.url;
        bool wanted = !options.only || strstr(row->name, options.only) || strstr(row->group, options.only);
        if (url && wanted) {
            ok = run_case(&options.report, row, options.rounds ? options.rounds : row->rounds, url) && ok;
        }
    }
    for (int i = 0; i < options.program_count && !options.only; i++) {
        ok = run_program(&options.report, options.programs[i], server.url) && ok;
    }
    stop_server(&server);
    return ok ? 0 : 1;
}
