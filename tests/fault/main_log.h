/* main_log.h: a server's log as JSON, for ak-fault-server. All functions return false when out of memory. */
#ifndef AK_FAULT_MAIN_LOG_H
#define AK_FAULT_MAIN_LOG_H

#include "fault.h"

#include <cJSON.h>

/* The names of the counters in the order of fault_counter; NULL at the end. */
extern const char *const main_counters[FAULT_COUNTERS + 1];

/* Adds a member and takes ownership of it, also on failure. value may be NULL, which is a failure. */
bool main_add(cJSON *object, const char *name, cJSON *value);
bool main_add_counts(cJSON *reply, fault_server *server);
bool main_add_log(cJSON *reply, fault_server *server);

#endif
