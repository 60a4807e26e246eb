/*
 * metadata.h: descriptive members of a sandbox, at its creation or later.
 */
#ifndef AKL_METADATA_H
#define AKL_METADATA_H

#include "fields.h"
#include "state.h"

/* Reads member `lifecycle` into the sandbox's auto_..._seconds; absent and null change nothing. Errors latch in
 * fields. */
void metadata_read_lifecycle(struct fields *fields, struct sandbox *sandbox);

#endif
