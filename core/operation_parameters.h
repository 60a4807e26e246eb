/*
 * operation_parameters.h: what each operation takes. A part of operations.c, included there only.
 */
#ifndef AK_OPERATION_PARAMETERS_H
#define AK_OPERATION_PARAMETERS_H

#include "agentkernel.h"
#include "operations.h"

/* Parameters that several operations take. */
#define P_COMMAND                                                                                                      \
    { AK_KEY_COMMAND, AK_TYPE_LIST, AK_KEY_REQUIRED, AK_IN_BODY, AK_RULE_COMMAND, false }
#define P_IMAGE                                                                                                        \
    { AK_KEY_IMAGE, AK_TYPE_TEXT, 0, AK_IN_BODY, AK_RULE_IMAGE, false }
#define P_PROFILE                                                                                                      \
    { AK_KEY_PROFILE, AK_TYPE_TEXT, 0, AK_IN_BODY, AK_RULE_PROFILE, false }
/* The full server's warm pool re-parses arguments in a shell and loses exit codes: never by default. */
#define P_FAST                                                                                                         \
    { AK_KEY_FAST, AK_TYPE_BOOL, 0, AK_IN_BODY, AK_RULE_NONE, true }
#define P_NAME_IN_PATH                                                                                                 \
    { AK_KEY_NAME, AK_TYPE_TEXT, AK_KEY_REQUIRED, AK_IN_PATH, AK_RULE_NAME, false }
#define P_CHECK                                                                                                        \
    { AK_KEY_CHECK, AK_TYPE_BOOL, AK_KEY_SETTING, AK_IN_LIBRARY, AK_RULE_NONE, false }
#define P_TIMEOUT(key)                                                                                                 \
    { key, AK_TYPE_INT, AK_KEY_SETTING, AK_IN_LIBRARY, AK_RULE_TIMEOUT, false }
#define P_UNARY P_TIMEOUT(AK_KEY_TIMEOUT_MS), P_TIMEOUT(AK_KEY_CONNECT_TIMEOUT_MS)
#define P_STREAM                                                                                                       \
    P_TIMEOUT(AK_KEY_CONNECT_TIMEOUT_MS), P_TIMEOUT(AK_KEY_IDLE_TIMEOUT_MS), P_TIMEOUT(AK_KEY_TOTAL_TIMEOUT_MS)

/* A member of the body that may be left out. */
#define P_OPTIONAL(key, type, rule)                                                                                    \
    { key, type, 0, AK_IN_BODY, rule, false }

#define P_IN(place, key, type, flags, rule)                                                                            \
    { key, type, flags, place, rule, false }
#define P_PATH_PART(key, rule) P_IN(AK_IN_PATH, key, AK_TYPE_TEXT, AK_KEY_REQUIRED, rule)
#define P_NEEDED(key, type, rule) P_IN(AK_IN_BODY, key, type, AK_KEY_REQUIRED, rule)

static const ak_parameter unary_parameters[] = {P_UNARY};
static const ak_parameter named_parameters[] = {P_NAME_IN_PATH, P_UNARY};
static const ak_parameter run_parameters[] = {P_COMMAND, P_IMAGE, P_PROFILE, P_FAST, P_CHECK, P_UNARY};
static const ak_parameter run_stream_parameters[] = {P_COMMAND, P_IMAGE, P_PROFILE, P_FAST, P_STREAM};
static const ak_parameter exec_parameters[] = {
    P_NAME_IN_PATH,
    P_COMMAND,
    P_OPTIONAL(AK_KEY_ENV, AK_TYPE_LIST, AK_RULE_ENV),
    P_OPTIONAL(AK_KEY_WORKDIR, AK_TYPE_TEXT, AK_RULE_WORKDIR),
    P_OPTIONAL(AK_KEY_SUDO, AK_TYPE_BOOL, AK_RULE_NONE),
    P_CHECK,
    P_UNARY,
};
static const ak_parameter create_parameters[] = {
    {AK_KEY_NAME, AK_TYPE_TEXT, AK_KEY_REQUIRED, AK_IN_BODY, AK_RULE_NAME, false},
    P_IMAGE,
    P_OPTIONAL(AK_KEY_VCPUS, AK_TYPE_INT, AK_RULE_COUNT),
    P_OPTIONAL(AK_KEY_MEMORY_MB, AK_TYPE_INT, AK_RULE_AMOUNT),
    P_PROFILE,
    P_OPTIONAL(AK_KEY_BACKEND, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SOURCE_URL, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SOURCE_REF, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_VOLUMES, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SECRETS, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SECRET_FILES, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_PORTS, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_NETWORK, AK_TYPE_JSON, AK_RULE_OBJECT),
    P_OPTIONAL(AK_KEY_AGENT, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_PLACEHOLDER_SECRETS, AK_TYPE_BOOL, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SECRET_MAPPINGS, AK_TYPE_MAP, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_INIT_SCRIPT, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_CREATED_FROM_TEMPLATE, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_TEMPLATE_HELP_TEXT, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_LABELS, AK_TYPE_MAP, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_DESCRIPTION, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_LIFECYCLE, AK_TYPE_JSON, AK_RULE_OBJECT),
    P_UNARY,
};
static const ak_parameter list_parameters[] = {
    P_IN(AK_IN_QUERY, AK_KEY_LABELS, AK_TYPE_MAP, 0, AK_RULE_LABEL),
    P_UNARY,
};
static const ak_parameter uuid_parameters[] = {P_PATH_PART(AK_KEY_UUID, AK_RULE_UUID), P_UNARY};
static const ak_parameter fork_parameters[] = {
    P_NAME_IN_PATH,
    P_NEEDED(AK_KEY_AS_NAME, AK_TYPE_TEXT, AK_RULE_NAME),
    P_UNARY,
};
static const ak_parameter resize_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_VCPUS, AK_TYPE_INT, AK_RULE_COUNT),
    P_OPTIONAL(AK_KEY_MEMORY_MB, AK_TYPE_INT, AK_RULE_AMOUNT),
    P_UNARY,
};
static const ak_parameter update_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_LABELS, AK_TYPE_MAP, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_DESCRIPTION, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_LIFECYCLE, AK_TYPE_JSON, AK_RULE_OBJECT),
    P_UNARY,
};
static const ak_parameter file_parameters[] = {P_NAME_IN_PATH, P_PATH_PART(AK_KEY_PATH, AK_RULE_FILE), P_UNARY};
static const ak_parameter write_parameters[] = {
    P_NAME_IN_PATH,
    P_PATH_PART(AK_KEY_PATH, AK_RULE_FILE),
    P_OPTIONAL(AK_KEY_CONTENT, AK_TYPE_BYTES, AK_RULE_NONE),
    P_IN(AK_IN_LIBRARY, AK_KEY_SIZE, AK_TYPE_INT, AK_KEY_SETTING, AK_RULE_SIZE),
    P_UNARY,
};
static const ak_parameter write_files_parameters[] = {
    P_NAME_IN_PATH,
    P_NEEDED(AK_KEY_FILES, AK_TYPE_MAP, AK_RULE_FILE),
    P_UNARY,
};
static const ak_parameter batch_parameters[] = {P_NEEDED(AK_KEY_COMMANDS, AK_TYPE_LISTS, AK_RULE_COMMAND), P_UNARY};
static const ak_parameter detach_parameters[] = {
    P_NAME_IN_PATH,
    P_COMMAND,
    P_OPTIONAL(AK_KEY_ENV, AK_TYPE_LIST, AK_RULE_ENV),
    P_OPTIONAL(AK_KEY_WORKDIR, AK_TYPE_TEXT, AK_RULE_WORKDIR),
    P_OPTIONAL(AK_KEY_SUDO, AK_TYPE_BOOL, AK_RULE_NONE),
    P_UNARY,
};
static const ak_parameter detached_parameters[] = {P_NAME_IN_PATH, P_PATH_PART(AK_KEY_ID, AK_RULE_SEGMENT), P_UNARY};
static const ak_parameter detached_logs_parameters[] = {
    P_NAME_IN_PATH,
    P_PATH_PART(AK_KEY_ID, AK_RULE_SEGMENT),
    P_IN(AK_IN_QUERY, AK_KEY_STREAM, AK_TYPE_TEXT, 0, AK_RULE_STREAM),
    P_UNARY,
};
static const ak_parameter extend_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_BY, AK_TYPE_TEXT, AK_RULE_TTL),
    P_UNARY,
};
static const ak_parameter take_parameters[] = {
    P_NEEDED(AK_KEY_SANDBOX, AK_TYPE_TEXT, AK_RULE_NAME),
    P_NEEDED(AK_KEY_NAME, AK_TYPE_TEXT, AK_RULE_NAME),
    P_UNARY,
};
static const ak_parameter restore_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_AS_NAME, AK_TYPE_TEXT, AK_RULE_NAME),
    P_OPTIONAL(AK_KEY_START, AK_TYPE_BOOL, AK_RULE_NONE),
    P_UNARY,
};
static const ak_parameter request_parameters[] = {
    P_IN(AK_IN_PATH, AK_KEY_METHOD, AK_TYPE_TEXT, AK_KEY_REQUIRED, AK_RULE_METHOD),
    P_PATH_PART(AK_KEY_PATH, AK_RULE_TARGET),
    P_OPTIONAL(AK_KEY_BODY, AK_TYPE_JSON, AK_RULE_JSON),
    P_CHECK,
    P_UNARY,
};

#endif
