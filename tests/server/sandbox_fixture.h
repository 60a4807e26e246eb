/*
 * sandbox_fixture.h: starts a real spawner and runs real commands with it.
 *
 * The tests run as root (then this changes to an unused user, as the server does) and as a plain user. They link the
 * sandbox library in its AK_TEST_WEAKEN form, in which one control can be disabled by name.
 */
#ifndef SANDBOX_FIXTURE_H
#define SANDBOX_FIXTURE_H

/* required before cmocka.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kept_root.h"
#include "spawner.h"

/* Far more than any step takes, except on a very busy machine. */
#define FIXTURE_TIMEOUT_MS 100000
/* Shorter than processes that must be gone would live by themselves. */
#define FIXTURE_GONE_MS 30000

struct outcome {
    struct run_result result;
    char *output; /* NUL-terminated */
    size_t size;
};

/* Group set-up: drops root, creates the scratch folder, finds bubblewrap. Skips nothing: without bubblewrap it fails.
 */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* The same without dropping root. Any user may create folders in the scratch folder then. */
int fixture_open(void);

/* A folder of this test program's own, removed at the end. */
const char *fixture_folder(void);

/* A new folder below it, opened: a tree for a kept sandbox. It contains the probe programs, as ./probe
 * and ./attack. */
int fixture_tree(char path[256]);

/* The spawner, with the named control disabled (NULL: none). Must succeed. */
struct spawner *fixture_spawner(const char *weakened);
struct spawner *fixture_spawner_with(const char *weakened, const char *cgroup_root);

/* A plan with this command (a string for sh -c), the default profile, no limits. */
struct launch_plan fixture_shell(const char **argv, const char *script);

/* Runs to completion and collects all output. Fails the test on timeout. */
struct outcome fixture_run(struct spawner *spawner, const struct launch_plan *plan);
/* The same with the usual argument list of sh -c. */
struct outcome fixture_sh(struct spawner *spawner, const char *script);
void outcome_free(struct outcome *outcome);

/* Starts a command and leaves it running. */
struct running fixture_start(struct spawner *spawner, const struct launch_plan *plan);
/* Waits until the command has written this. False on timeout. */
bool fixture_wait_output(const struct running *running, const char *text);

/* Runs ./probe, with these arguments, in a fresh tree; output as a string. */
struct outcome fixture_probe(struct spawner *spawner, enum profile profile, const char *what, const char *argument);

/* The same for ./attack, with limits. */
struct outcome fixture_attack(struct spawner *spawner, struct limits limits, const char *what, const char *argument);

/* Whether the output has this line. */
bool outcome_says(const struct outcome *outcome, const char *line);

/* In a child of a test: makes private mounts and user namespace sysctls possible. False: not on this host.
 */
bool fixture_own_host(void);

/* On such a host: covers a part of every /proc, so that no other can be mounted. False: not possible. */
bool fixture_mask_proc(void);

/* The number of processes of the host with this word in their command line, except this one and zombies. */
int fixture_count(const char *word);
/* Waits until there are none; false on timeout. */
bool fixture_all_gone(const char *word, int timeout_ms);

/* The child of this process; there must be one. */
pid_t fixture_child_of(pid_t parent);

/* A word that no other test and no other run of the tests uses. */
const char *fixture_word(void);

/* Milliseconds of the monotonic clock, and a pause. */
int64_t fixture_now_ms(void);
void fixture_pause_ms(int ms);

#endif
