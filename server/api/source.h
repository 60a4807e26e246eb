/*
 * source.h: source_url, source_ref and init_script: reads what a new sandbox is filled with, and replies for its
 * failures.
 *
 * A password in the URL is not repeated in messages and logs.
 */
#ifndef AKL_SOURCE_H
#define AKL_SOURCE_H

#include "api.h"
#include "fields.h"
#include "provision.h"

/* Reads and checks the members. What is wrong with them latches in fields. To be freed in either case. */
void source_read(struct fields *fields, struct source *source);
void source_free(struct source *source);

/* Fills a new sandbox, before its creation is answered. False when the reply says why it could not be. */
bool source_fetch(struct api *api, const struct request *request, struct sandbox *sandbox, const struct source *source,
                  struct reply *reply);

#endif
