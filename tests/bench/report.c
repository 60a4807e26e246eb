/*
 * report.c: medians, as a table or as lines of JSON.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bench.h"

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

typedef struct {
    const char *group;
    const char *name;
    const char *impl;
    const char *unit; /* NULL: unknown */
    double cpu_us;
    double wall_us;
    double peak_kb;
    double ratio;
    double net_us; /* CPU time beyond that of the first impl */
} bench_result;

static void print_json(const bench_result *row) {
    printf("{\"group\":\"%s\",\"case\":\"%s\",\"impl\":\"%s\",\"cpu_us\":%.4f,\"wall_us\":%.4f,\"peak_kb\":%.0f,"
           "\"ratio\":%.4f,\"net_us\":%.4f}\n",
           row->group, row->name, row->impl, row->cpu_us, row->wall_us, row->peak_kb, row->ratio, row->net_us);
}

static void print_title(bench_report *report) {
    if (!report->titled) {
        printf("%-7s %-16s %-18s %-8s %11s %11s %11s %9s %7s  %s\n", "group", "case", "impl", "unit", "cpu us/unit",
               "net us/unit", "wall us", "peak KiB", "ratio", "target");
        report->titled = true;
    }
}

static void print_row(bench_report *report, const bench_result *row, const char *verdict) {
    print_title(report);
    printf("%-7s %-16s %-18s %-8s %11.3f %11.3f %11.3f %9.0f %7.2f  %s\n", row->group, row->name, row->impl,
           row->unit ? row->unit : "", row->cpu_us, row->net_us, row->wall_us, row->peak_kb, row->ratio, verdict);
}

/* The medians of one impl; ratio and net are medians of what each round had. */
static bench_result summarize(const bench_case *row, int index, int rounds, bench_sample samples[][MAX_IMPLS]) {
    double cpu[MAX_ROUNDS], wall[MAX_ROUNDS], peak[MAX_ROUNDS], ratio[MAX_ROUNDS], net[MAX_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        const bench_sample *base = &samples[i][0], *mine = &samples[i][index];
        cpu[i] = mine->cpu_us;
        wall[i] = mine->wall_us;
        peak[i] = (double)mine->peak_kb;
        ratio[i] = row->by_wall ? mine->wall_us / base->wall_us : mine->cpu_us / base->cpu_us;
        net[i] = mine->cpu_us - base->cpu_us;
    }
    return (bench_result){.group = row->group,
                          .name = row->name,
                          .impl = row->impls[index].name,
                          .unit = row->unit,
                          .cpu_us = median(cpu, rounds),
                          .wall_us = median(wall, rounds),
                          .peak_kb = median(peak, rounds),
                          .ratio = median(ratio, rounds),
                          .net_us = median(net, rounds)};
}

static void judge(const bench_case *row, int index, const bench_result *result, char *verdict, size_t cap) {
    double target = row->impls[index].target;
    verdict[0] = '\0';
    if (target > 0) {
        snprintf(verdict, cap, "ratio <= %.2f: %s", target, result->ratio <= target ? "met" : "MISSED");
    } else if (row->net_target > 0 && index > 0 && !strstr(result->impl, "libcurl")) {
        snprintf(verdict, cap, "net <= %.2f us: %s", row->net_target,
                 result->net_us <= row->net_target ? "met" : "MISSED");
    }
}

void report_case(bench_report *report, const bench_case *row, int rounds, bench_sample samples[][MAX_IMPLS]) {
    for (int i = 0; i < MAX_IMPLS && row->impls[i].run; i++) {
        char verdict[64];
        bench_result result = summarize(row, i, rounds, samples);
        judge(row, i, &result, verdict, sizeof verdict);
        if (report->json) {
            print_json(&result);
        } else {
            print_row(report, &result, verdict);
        }
    }
    fflush(stdout);
}

static const char *text_of(const cJSON *root, const char *name) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));
    return text ? text : "?";
}

static double number_of(const cJSON *root, const char *name) {
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(root, name);
    return cJSON_IsNumber(number) ? number->valuedouble : 0;
}

void report_line(bench_report *report, const char *line) {
    cJSON *root = cJSON_Parse(line);
    if (report->json || !root) {
        fputs(line, root ? stdout : stderr);
    } else {
        bench_result row = {.group = text_of(root, "group"),
                            .name = text_of(root, "case"),
                            .impl = text_of(root, "impl"),
                            .cpu_us = number_of(root, "cpu_us"),
                            .wall_us = number_of(root, "wall_us"),
                            .peak_kb = number_of(root, "peak_kb"),
                            .ratio = number_of(root, "ratio"),
                            .net_us = number_of(root, "net_us")};
        print_row(report, &row, "");
    }
    cJSON_Delete(root);
}
