/*
 * bench.h: a case is something to measure, an impl one way of doing it, a sample one process that did it.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fixed.h"

#define MAX_IMPLS 5
#define MAX_ROUNDS 51
#define CALLS_IN_FLIGHT 100

/* Per unit of the case; peak is the whole process's. */
typedef struct {
    double cpu_us;
    double wall_us;
    long peak_kb;
} bench_sample;

/* What a measured process fills. */
typedef struct {
    const char *url;
    int units;
    double cpu_start;
    double wall_start;
    bench_sample *out;
} bench_meter;

void meter_start(bench_meter *meter);
void meter_stop(bench_meter *meter);

/* Does the units of work between meter_start and meter_stop, after warming up. False, having said why, when an answer
 * is not the right one. */
typedef bool (*impl_run)(bench_meter *meter);

typedef struct {
    const char *name;
    impl_run run;
    double target; /* bound of the ratio, 0: none */
} bench_impl;

typedef struct {
    const char *group;
    const char *name;
    const char *unit;
    int units;
    int rounds;        /* of every impl, one after the other */
    bool by_wall;      /* the ratio is of wall times, not of CPU times */
    double net_target; /* bound of the CPU time per unit of every impl with a target, in microseconds; 0: none */
    bench_impl impls[MAX_IMPLS]; /* the first is what the others are compared to */
} bench_case;

/* raw.c: libcurl alone, and with cJSON. */
bool raw_health(bench_meter *meter);
bool raw_run(bench_meter *meter);
bool raw_list(bench_meter *meter);
bool raw_list_cjson(bench_meter *meter);
bool raw_small(bench_meter *meter);
bool raw_small_cjson(bench_meter *meter);
bool raw_large(bench_meter *meter);
bool raw_large_cjson(bench_meter *meter);
bool raw_huge(bench_meter *meter);
bool raw_read_file(bench_meter *meter);
bool raw_write_file(bench_meter *meter);
bool raw_in_flight(bench_meter *meter);

/* library.c: libagentkernel, by ak_call_wait, by poll and ak_call_step, and by ak_call_read. */
bool wait_health(bench_meter *meter);
bool poll_health(bench_meter *meter);
bool wait_run(bench_meter *meter);
bool poll_run(bench_meter *meter);
bool wait_list(bench_meter *meter);
bool poll_list(bench_meter *meter);
bool wait_small(bench_meter *meter);
bool poll_small(bench_meter *meter);
bool read_small(bench_meter *meter);
bool wait_large(bench_meter *meter);
bool poll_large(bench_meter *meter);
bool read_large(bench_meter *meter);
bool wait_huge(bench_meter *meter);
bool poll_huge(bench_meter *meter);
bool read_huge(bench_meter *meter);
bool whole_read_file(bench_meter *meter);
bool streamed_read_file(bench_meter *meter);
bool whole_write_file(bench_meter *meter);
bool streamed_write_file(bench_meter *meter);
bool poll_in_flight(bench_meter *meter);

/* local.c: agentkernel-local beside bubblewrap alone. */
bool bare_bwrap_run(bench_meter *meter);
bool bare_bwrap_exec(bench_meter *meter);
bool local_run(bench_meter *meter);
bool local_exec(bench_meter *meter);

/* report.c */
typedef struct {
    bool json;
    bool titled;
} bench_report;
/* samples[round][impl] */
void report_case(bench_report *report, const bench_case *row, int rounds, bench_sample samples[][MAX_IMPLS]);
/* A row that another program measured, a JSON object in a line. */
void report_line(bench_report *report, const char *line);

#endif
