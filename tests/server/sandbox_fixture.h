/*
 * sandbox_fixture.h: starts a real spawner and runs real commands with it.
 *
 * The tests run as root (then this becomes an unused user, as the server does) and as a plain user. They link the
 * sandbox library in its AK_TEST_WEAKEN form, in which one control can be taken away by name.
 */
#ifndef SANDBOX_FIXTURE_H
#define SANDBOX_FIXTURE_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kept_root.h"
#include "spawner.h"

/* Far more than anything takes, but on a machine that does a lot besides. */
#define FIXTURE_TIMEOUT_MS 100000
/* Less than those who must be gone would stay by themselves. */
#define FIXTURE_GONE_MS 30000

struct outcome {
    struct run_result result;
    char *output; /* with a NUL behind it */
    size_t size;
};

/* Group set-up: gives up root, makes the scratch folder, finds bubblewrap. Skips nothing: without bubblewrap it fails.
 */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* The same without giving up root. Anybody may make folders in the scratch folder then. */
int fixture_open(void);

/* A folder of this test program's own, removed at the end. */
const char *fixture_folder(void);

/* A new folder below it, opened: a tree for a kept sandbox. It holds the probe programs, as ./probe
 * and ./attack. */
int fixture_tree(char path[256]);

/* The spawner, with the named control taken away (NULL: none). Must succeed. */
struct spawner *fixture_spawner(const char *weakened);
struct spawner *fixture_spawner_with(const char *weakened, const char *cgroup_root);

/* A plan with this command (a string for sh -c), the default profile, no limits. */
struct launch_plan fixture_shell(const char **argv, const char *script);

/* Runs to the end and collects all output. Fails the test when that takes too long. */
struct outcome fixture_run(struct spawner *spawner, const struct launch_plan *plan);
/* The same with the usual argument list of sh -c. */
struct outcome fixture_sh(struct spawner *spawner, const char *script);
void outcome_free(struct outcome *outcome);

/* Starts one and leaves it running. */
struct running fixture_start(struct spawner *spawner, const struct launch_plan *plan);
/* Waits until the command has written this; true. False after the usual time. */
bool fixture_wait_output(const struct running *running, const char *text);

/* The first argument, ./probe, and what follows, in a fresh tree; output as a string. */
struct outcome fixture_probe(struct spawner *spawner, enum profile profile, const char *what, const char *argument);

/* The same for ./attack, with limits. */
struct outcome fixture_attack(struct spawner *spawner, struct limits limits, const char *what, const char *argument);

/* Whether the output has this line. */
bool outcome_says(const struct outcome *outcome, const char *line);

/* In a child of a test: makes mounts of our own possible, and sysctls of the user namespace. False: not on this host.
 */
bool fixture_own_host(void);

/* On such a host: covers a part of every /proc, so that no other can be mounted. False: that cannot be done. */
bool fixture_mask_proc(void);

/* How many processes of the host have this word in their command line, ours and zombies excepted. */
int fixture_count(const char *word);
/* Waits until there are none; false after this time. */
bool fixture_all_gone(const char *word, int timeout_ms);

/* The process whose parent this is; there must be one. */
pid_t fixture_child_of(pid_t parent);

/* A word that no other test and no other run of the tests uses. */
const char *fixture_word(void);

/* Milliseconds of the monotonic clock, and a pause. */
int64_t fixture_now_ms(void);
void fixture_pause_ms(int ms);

#endif
