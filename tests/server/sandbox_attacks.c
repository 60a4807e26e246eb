#include "sandbox_attacks.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 0, SUCCEEDED = 1 };

bool attack_outcome_has(struct outcome outcome, const char *line) {
    bool found = outcome_says(&outcome, line);
    outcome_free(&outcome);
    return found;
}

bool attack_says(const char *weakened, struct limits limits, const char *what, const char *argument, const char *line) {
    struct spawner *spawner = fixture_spawner(weakened);
    bool found = attack_outcome_has(fixture_attack(spawner, limits, what, argument), line);
    spawner_stop(spawner);
    return found;
}

bool attack_script_says(const char *weakened, struct limits limits, const char *script, const char *line) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, script);
    plan.order.limits = limits;
    struct spawner *spawner = fixture_spawner(weakened);
    bool found = attack_outcome_has(fixture_run(spawner, &plan), line);
    spawner_stop(spawner);
    return found;
}

bool attack_in_child(bool (*body)(const char *), const char *weakened) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(body(weakened) ? SUCCEEDED : FAILED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == ATTACK_CANNOT) {
        skip();
    }
    assert_true(WEXITSTATUS(status) <= SUCCEEDED);
    return WEXITSTATUS(status) == SUCCEEDED;
}

void attack_enter_own_host(void) {
    if (!fixture_own_host()) {
        _exit(ATTACK_CANNOT);
    }
}

static void run_attack(void **state) {
    const struct attack *attack = *state;
    if (attack->succeeds(NULL)) {
        fail_msg("%s succeeds", attack->name);
    }
    if (!attack->succeeds(attack->controls)) {
        fail_msg("%s fails without %s, too: it proves nothing", attack->name, attack->controls);
    }
}

int attacks_run(const struct attack *attacks, size_t count) {
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    if (tests == NULL) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        union {
            const struct attack *given;
            void *taken;
        } pointer = {&attacks[i]};
        tests[i] = (struct CMUnitTest){attacks[i].name, run_attack, NULL, NULL, pointer.taken};
    }
    int failed = _cmocka_run_group_tests("attacks", tests, count, fixture_set_up, fixture_tear_down);
    free(tests);
    return failed;
}
