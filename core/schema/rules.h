/*
 * rules.h: the rules for values, checked when they are bound, before any I/O. They are the server's rules.
 */
#ifndef AK_RULES_H
#define AK_RULES_H

#include "error.h"
#include "operations.h"

/* AK_OK, or AK_E_ARGUMENT with the rule in the message. what: the parameter's name for the message. */
ak_status ak_rule_check_text(ak_rule rule, const char *what, const char *text, size_t len, ak_error *err);
ak_status ak_rule_check_int(ak_rule rule, const char *what, int64_t value, ak_error *err);

/* Text for the wire: UTF-8 without NUL. */
ak_status ak_rule_check_wire_text(const char *what, const char *text, size_t len, ak_error *err);

#endif
