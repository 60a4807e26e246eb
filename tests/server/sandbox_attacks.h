/*
 * sandbox_attacks.h: attacks that are run twice: against the whole sandbox, where they must fail, and with the controls
 * against them taken away, where they must succeed. An attack that fails both times would prove nothing.
 *
 * The names are those of docs/security.md. Attacks on the HTTP side are in test_attacks.py, and those whose two runs
 * differ in more than success have tests of their own beside what they belong to.
 */
#ifndef SANDBOX_ATTACKS_H
#define SANDBOX_ATTACKS_H

#include "sandbox_fixture.h"

struct attack {
    const char *name;
    const char *controls; /* taken away together: each alone would do */
    bool (*succeeds)(const char *weakened);
};
#define ATTACK(function, controls)                                                                                     \
    { #function, controls, function }

/* One test for each attack; what main returns. */
int attacks_run(const struct attack *attacks, size_t count);

/* Whether the outcome, which is freed, has this line. */
bool attack_outcome_has(struct outcome outcome, const char *line);

/* Whether ./attack or a script says this line, with these controls taken away. */
bool attack_says(const char *weakened, struct limits limits, const char *what, const char *argument, const char *line);
bool attack_script_says(const char *weakened, struct limits limits, const char *script, const char *line);

/* Runs what changes the process for good in a child. Ending it with ATTACK_CANNOT skips the test. */
#define ATTACK_CANNOT 77
bool attack_in_child(bool (*body)(const char *), const char *weakened);

/* In such a child: fixture_own_host, or the end. */
void attack_enter_own_host(void);

#endif
