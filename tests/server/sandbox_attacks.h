/*
 * sandbox_attacks.h: attacks that are run twice: with all controls, where they must fail, and with the controls against
 * them disabled, where they must succeed. An attack that fails both times would prove nothing.
 *
 * The names are those of docs/security.md. Attacks on the HTTP side are in test_attacks.py, and those whose two runs
 * differ in more than success have separate tests in the file of their subject.
 */
#ifndef SANDBOX_ATTACKS_H
#define SANDBOX_ATTACKS_H

#include "sandbox_fixture.h"

struct attack {
    const char *name;
    const char *controls; /* disabled together: each alone would be sufficient */
    bool (*succeeds)(const char *weakened);
};
#define ATTACK(function, controls)                                                                                     \
    { #function, controls, function }

/* Runs one test per attack; returns main's exit status. */
int attacks_run(const struct attack *attacks, size_t count);

/* Whether the outcome, which is freed, has this line. */
bool attack_outcome_has(struct outcome outcome, const char *line);

/* Whether ./attack or a script prints this line, with these controls disabled. */
bool attack_says(const char *weakened, struct limits limits, const char *what, const char *argument, const char *line);
bool attack_script_says(const char *weakened, struct limits limits, const char *script, const char *line);

/* Runs in a child what changes the process irreversibly. Ending it with ATTACK_CANNOT skips the test. */
#define ATTACK_CANNOT 77
bool attack_in_child(bool (*body)(const char *), const char *weakened);

/* In such a child: calls fixture_own_host, and exits if it fails. */
void attack_enter_own_host(void);

#endif
