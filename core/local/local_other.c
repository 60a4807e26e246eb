/* local_other.c: agentkernel-local isolates with namespaces, which only Linux has. */
#include "local.h"

#ifndef __linux__

ak_status ak_local_new(ak_local **local, ak_error *err) {
    *local = NULL;
    return ak_error_set(
        err, AK_E_ARGUMENT,
        "base_url: local: starts agentkernel-local, which runs on Linux only; give the URL of a server");
}

void ak_local_free(ak_local *local) {
    (void)local;
}

/* The others are not called, because there is no such client. */

ak_status ak_local_reach(ak_local *local, const ak_local_program *chosen, char path[AK_LOCAL_PATH_CAP], ak_error *err) {
    (void)local;
    (void)chosen;
    path[0] = '\0';
    return ak_error_set(err, AK_E_CONNECT, "local: runs on Linux only");
}

ak_status ak_local_explain(ak_local *local, ak_status code, bool *served, ak_error *err) {
    (void)local;
    (void)code;
    (void)err;
    *served = true;
    return AK_OK;
}

#endif
