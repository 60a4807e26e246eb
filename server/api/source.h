/*
 * source.h: source_url, source_ref and init_script: reads the sources of a new sandbox, and replies if filling it
 * fails.
 *
 * A password in the URL is not repeated in messages and logs.
 */
#ifndef AKL_SOURCE_H
#define AKL_SOURCE_H

#include "api.h"
#include "fields.h"
#include "provision.h"

/* Reads and checks the members. Errors latch in fields. To be freed in either case. */
void source_read(struct fields *fields, struct source *source);
void source_free(struct source *source);

/* Fills a new sandbox, before the reply to its creation. False if the reply is an error. */
bool source_fetch(struct api *api, const struct request *request, struct sandbox *sandbox, const struct source *source,
                  struct reply *reply);

#endif
