/*
 * test_sandbox_walls.c: what a command cannot do. The names are those of docs/security.md. Where a single control
 * prevents it, the test also disables that control and verifies that its own check fails then.
 */
#include "sandbox_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct spawner *spawner;

static int start_spawner(void **state) {
    setenv("AK_TEST_MARKER", "of-the-host", 1);
    int failed = fixture_set_up(state);
    spawner = failed == 0 ? fixture_spawner(NULL) : NULL;
    return failed;
}

static int stop_spawner(void **state) {
    spawner_stop(spawner);
    return fixture_tear_down(state);
}

/* Whether the probe printed this line. */
static bool said(const struct outcome *outcome, const char *line) {
    const char *at = strstr(outcome->output, line);
    size_t size = strlen(line);
    while (at != NULL && ((at != outcome->output && at[-1] != '\n') || at[size] != '\n')) {
        at = strstr(at + 1, line);
    }
    return at != NULL;
}

static void must_say(const struct outcome *outcome, const char *const *lines, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!said(outcome, lines[i])) {
            fail_msg("expected \"%s\" in:\n%s", lines[i], outcome->output);
        }
    }
}
#define MUST_SAY(outcome, ...)                                                                                         \
    do {                                                                                                               \
        static const char *const lines_[] = {__VA_ARGS__};                                                             \
        must_say(outcome, lines_, sizeof lines_ / sizeof lines_[0]);                                                   \
    } while (0)

/* Compares what the script prints with all controls and with one disabled. */
static void must_differ(const char *control, enum profile profile, const char *script, const char *held,
                        const char *breached) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, script);
    plan.shape.profile = profile;
    struct outcome with = fixture_run(spawner, &plan);
    assert_string_equal(with.output, held);
    struct spawner *weak = fixture_spawner(control);
    struct outcome without = fixture_run(weak, &plan);
    spawner_stop(weak);
    if (strcmp(without.output, breached) != 0) {
        fail_msg("without %s the check should notice, but says \"%s\"", control, without.output);
    }
    outcome_free(&with);
    outcome_free(&without);
}

/* X1: what a command leaves in its tree does not lead bubblewrap, when it builds the next sandbox, out of it. */
static void test_x1_planted_links(void **state) {
    static const char *const names[] = {"etc", "usr", "tmp", "proc", "dev", "run", "workspace", "x", ".local"};
    const char *argv[4];
    char path[256], outside[128];
    struct stat status;
    (void)state;
    snprintf(outside, sizeof outside, "%s/outside", fixture_folder());
    assert_int_equal(mkdir(outside, 0700), 0);
    struct launch_plan plan = fixture_shell(argv, "for l in *; do test -L $l && mkdir -p $l/made 2>/dev/null && echo "
                                                  "$l; done; echo ran");
    plan.order.tree_fd = fixture_tree(path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char target[300];
        snprintf(target, sizeof target, "%s%s", i % 2 == 0 ? "/oldroot" : "", outside);
        assert_int_equal(symlinkat(target, plan.order.tree_fd, names[i]), 0);
    }
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.output, "ran\n");
    outcome_free(&outcome);
    snprintf(path, sizeof path, "%s/made", outside);
    assert_int_equal(stat(path, &status), -1);
    assert_int_equal(rmdir(outside), 0); /* still empty */
    close(plan.order.tree_fd);
}

static void test_x3_terminal(void **state) {
    (void)state;
    struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "terminal", NULL);
    MUST_SAY(&outcome, "TIOCSTI: EPERM", "TIOCSTI_high: EPERM", "TIOCLINUX: EPERM", "TIOCLINUX_high: EPERM",
             "session: own", "dev_tty: ENXIO");
    outcome_free(&outcome);

    struct spawner *weak = fixture_spawner("new-session");
    outcome = fixture_probe(weak, PROFILE_MODERATE, "terminal", NULL);
    MUST_SAY(&outcome, "session: shared");
    outcome_free(&outcome);
    spawner_stop(weak);

    weak = fixture_spawner("seccomp");
    outcome = fixture_probe(weak, PROFILE_MODERATE, "terminal", NULL);
    assert_false(said(&outcome, "TIOCLINUX: EPERM") || said(&outcome, "TIOCLINUX_high: EPERM"));
    outcome_free(&outcome);
    spawner_stop(weak);
}

/* X7: only its own processes, of which the first cannot be inspected. */
static void test_x7_other_processes(void **state) {
    char script[200];
    (void)state;
    snprintf(script, sizeof script, "test -d /proc/%d && echo sees the host; set -- /proc/[0-9]*; test $# = 2; echo $?",
             (int)getpid());
    must_differ("unshare-pid", PROFILE_MODERATE, script, "0\n", "sees the host\n1\n");

    struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "files", NULL);
    MUST_SAY(&outcome, "read /proc/1/environ: refused", "read /proc/1/root: refused", "read /proc/1/fd: refused",
             "read /proc/1/maps: refused", "/proc/1/mem: EACCES", "/proc/1/oom_score_adj: EACCES");
    outcome_free(&outcome);
}

/* Whether any process of the host but the command itself has this word in its command line or environment. */
static int count_in_environments(const char *word) {
    char command[300];
    snprintf(command, sizeof command, "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '^SECRET=%s'",
             word);
    FILE *pipe = popen(command, "r");
    int count = -1;
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}

/* X7: bubblewrap's own command line and environment, which others can read, contain nothing of the caller's. */
static void test_x7_secrets_are_not_in_bwraps_hands(void **state) {
    const char *word = fixture_word();
    char secret[100], argument[100];
    snprintf(secret, sizeof secret, "SECRET=%s", word);
    snprintf(argument, sizeof argument, "echo up; read x < /dev/zero; : %s", word);
    const char *const argv[] = {"sh", "-c", argument, NULL}, *const env[] = {secret, NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.env = env, .order.tree_fd = -1};
    (void)state;
    struct running running = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&running, "up"));
    assert_int_equal(fixture_count(word), 1); /* the command only */
    assert_int_equal(count_in_environments(word), 1);
    running_close(&running);
}

/* X9: no interface except its own loopback, no name servers, and no service of the host. */
static void test_x9_no_network(void **state) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char script[300];
    (void)state;
    int host = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(host, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(host, 8), 0);
    assert_int_equal(getsockname(host, (struct sockaddr *)&address, &size), 0);
    snprintf(script, sizeof script,
             "test -e /etc/resolv.conf; echo $?; grep : /proc/net/dev | grep -c -v lo: | sed 's/^[1-9].*/more/'; "
             "bash -c '< /dev/tcp/127.0.0.1/%d && echo reached' 2>/dev/null; bash -c '< /dev/udp/1.1.1.1/53 && echo "
             "routed' 2>/dev/null",
             ntohs(address.sin_port));
    must_differ("unshare-net", PROFILE_RESTRICTIVE, script, "1\n0\n", "1\nmore\nreached\nrouted\n");
    close(host);
}

static int listen_unix(const char *name, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd != -1 && size < sizeof address.sun_path);
    memcpy(address.sun_path, name, size);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
                     0);
    assert_true(type == SOCK_DGRAM || listen(fd, 8) == 0);
    return fd;
}

/* X10: with the host's network its abstract sockets would be reachable; with none they are not. Both controls are
 * tested: Landlock, where this kernel has it, and the filter. */
static void test_x10_abstract_sockets(void **state) {
    char name[64];
    (void)state;
    snprintf(name, sizeof name, "@%s", fixture_word());
    int stream = listen_unix(name, SOCK_STREAM);
    for (int profile = PROFILE_PERMISSIVE; profile <= PROFILE_RESTRICTIVE; profile++) {
        struct outcome outcome = fixture_probe(spawner, (enum profile)profile, "unix", name);
        assert_false(said(&outcome, "connect: OK"));
        MUST_SAY(&outcome, "socketpair_stream: OK");
        outcome_free(&outcome);
    }
    struct spawner *filtered = fixture_spawner("landlock");
    struct outcome outcome = fixture_probe(filtered, PROFILE_MODERATE, "unix", name);
    MUST_SAY(&outcome, "socket: EAFNOSUPPORT", "socketpair_stream: OK", "socketpair_dgram: EPERM");
    assert_false(said(&outcome, "connect_stream_pair: OK"));
    outcome_free(&outcome);
    outcome = fixture_probe(filtered, PROFILE_RESTRICTIVE, "unix", name);
    MUST_SAY(&outcome, "socket: OK", "connect: ECONNREFUSED"); /* its own network: unix sockets are harmless */
    outcome_free(&outcome);
    spawner_stop(filtered);

    struct spawner *weak = fixture_spawner("scope-unix");
    outcome = fixture_probe(weak, PROFILE_MODERATE, "unix", name);
    assert_true(said(&outcome, "connect: OK") || said(&outcome, "socket: EAFNOSUPPORT")); /* the latter: no Landlock */
    outcome_free(&outcome);
    spawner_stop(weak);
    close(stream);
}

/* X10: a datagram pair, allowed in every profile except the filtered one, cannot be connected to a host socket
 * either. */
static void test_x10_abstract_datagrams(void **state) {
    char name[64], byte;
    (void)state;
    snprintf(name, sizeof name, "@%s", fixture_word());
    int host = listen_unix(name, SOCK_DGRAM);
    static const char *const ways[] = {NULL, "landlock"};
    for (size_t i = 0; i < 2; i++) {
        struct spawner *one = fixture_spawner(ways[i]);
        struct outcome outcome = fixture_probe(one, PROFILE_MODERATE, "unix", name);
        assert_false(said(&outcome, "send_dgram_pair: OK"));
        outcome_free(&outcome);
        spawner_stop(one);
        assert_int_equal(recv(host, &byte, 1, 0), -1);
    }
    struct spawner *weak = fixture_spawner("scope-unix");
    struct outcome outcome = fixture_probe(weak, PROFILE_MODERATE, "unix", name);
    assert_true(recv(host, &byte, 1, 0) == 1 || said(&outcome, "socketpair_dgram: EPERM"));
    outcome_free(&outcome);
    spawner_stop(weak);
    close(host);
}

/* X10: a socket in the host's file system has no path inside. */
static void test_x10_pathname_sockets(void **state) {
    char path[100];
    (void)state;
    snprintf(path, sizeof path, "%s/socket", fixture_folder());
    int host = listen_unix(path, SOCK_STREAM);
    for (int profile = PROFILE_PERMISSIVE; profile <= PROFILE_RESTRICTIVE; profile++) {
        struct outcome outcome = fixture_probe(spawner, (enum profile)profile, "unix", path);
        MUST_SAY(&outcome, "connect: ENOENT");
        outcome_free(&outcome);
    }
    close(host);
}

static void test_x11_x12_system_calls(void **state) {
    (void)state;
    struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "syscalls", NULL);
    MUST_SAY(&outcome, "unshare: EPERM", "setns: EPERM", "mount: EPERM", "umount2: EPERM", "pivot_root: EPERM",
             "chroot: EPERM", "open_tree: ENOSYS", "fsopen: ENOSYS", "move_mount: ENOSYS", "mount_setattr: ENOSYS",
             "clone_newuser: EPERM", "clone_newuser_high: EPERM", "clone3: ENOSYS", "io_uring_setup: EPERM",
             "io_uring_enter: EPERM", "io_uring_register: EPERM", "bpf: EPERM", "userfaultfd: EPERM",
             "perf_event_open: EPERM", "keyctl: EPERM", "add_key: EPERM", "request_key: EPERM", "syslog: EPERM",
             "kexec_load: EPERM", "open_by_handle_at: EPERM", "future_call: ENOSYS", "personality: EPERM",
             "personality_ask: OK", "AF_VSOCK: EAFNOSUPPORT", "AF_ALG: EAFNOSUPPORT", "AF_PACKET: EAFNOSUPPORT",
             "AF_INET_sctp: EPROTONOSUPPORT", "AF_NETLINK_audit: EPROTONOSUPPORT", "AF_NETLINK_route: OK",
             "AF_INET_tcp: OK", "AF_INET6_udp: OK");
#ifdef __x86_64__
    MUST_SAY(&outcome, "modify_ldt: EPERM", "iopl: EPERM", "x32: ENOSYS", "32_bit: killed by SYS");
#endif
    outcome_free(&outcome);

    struct spawner *weak = fixture_spawner("seccomp");
    outcome = fixture_probe(weak, PROFILE_MODERATE, "syscalls", NULL);
    assert_false(said(&outcome, "keyctl: EPERM") || said(&outcome, "personality: EPERM"));
    MUST_SAY(&outcome, "personality: OK");
    outcome_free(&outcome);
    spawner_stop(weak);
}

/* X12, X17: also without the filter, no second user namespace can be created. */
static void test_x12_user_namespaces(void **state) {
    static const char *const script =
        "unshare -U true 2>&1 | grep -o -e 'not permitted' -e 'No space'; unshare -U echo made "
        "2>/dev/null";
    static const char *const weakened[] = {NULL, "seccomp", "seccomp,disable-userns"};
    static const char *const expected[] = {"not permitted\n", "No space\n", "made\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct spawner *weak = fixture_spawner(weakened[i]);
        struct outcome outcome = fixture_sh(weak, script);
        assert_string_equal(outcome.output, expected[i]);
        outcome_free(&outcome);
        spawner_stop(weak);
    }
}

static void test_x13_capabilities(void **state) {
    (void)state;
    must_differ("cap-drop", PROFILE_MODERATE,
                "grep -c -E 'Cap(Inh|Prm|Eff|Bnd|Amb):.0{16}$' /proc/self/status; grep -c 'NoNewPrivs:.1' "
                "/proc/self/status; id -u",
                "5\n1\n1000\n", "0\n1\n1000\n");
    struct outcome outcome = fixture_sh(spawner, "cp /bin/bash b; chmod 6755 b; ./b -p -c 'id -u; id -g'; su -c id "
                                                 "2>/dev/null </dev/null; echo $?");
    assert_string_equal(outcome.output, "1000\n1000\n1\n");
    outcome_free(&outcome);
}

static void test_x14_descriptors(void **state) {
    (void)state;
    int open_here = open("/dev/null", O_RDONLY); /* not O_CLOEXEC */
    struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "descriptors", NULL);
    assert_string_equal(outcome.output, "0\n1\n2\n");
    outcome_free(&outcome);
    struct spawner *weak = fixture_spawner("close_range");
    outcome = fixture_probe(weak, PROFILE_MODERATE, "descriptors", NULL);
    MUST_SAY(&outcome, "3", "4", "5", "6");
    outcome_free(&outcome);
    spawner_stop(weak);
    close(open_here);
}

/* X14: a working directory that names a descriptor of a program that builds the sandbox, including the kept tree's,
 * from which ".." would lead through the host. */
static void test_x14_working_directory(void **state) {
    const char *argv[4];
    char path[256], workdir[32];
    (void)state;
    struct launch_plan plan = fixture_shell(argv, "ls -d ../tree-* 2>/dev/null");
    plan.order.tree_fd = fixture_tree(path);
    plan.order.workdir = workdir;
    for (int weak = 0; weak < 2; weak++) {
        struct spawner *one = fixture_spawner(weak ? "close_range" : NULL);
        int out = 0;
        for (int fd = 0; fd < 24; fd++) {
            snprintf(workdir, sizeof workdir, "/proc/self/fd/%d", fd);
            struct outcome outcome = fixture_run(one, &plan);
            out += strstr(outcome.output, "../tree-") != NULL;
            assert_true(weak || outcome.result.kind == END_NOT_FOUND);
            outcome_free(&outcome);
        }
        assert_int_equal(out > 0, weak);
        spawner_stop(one);
    }
    close(plan.order.tree_fd);
}

static void test_x15_environment(void **state) {
    (void)state;
    must_differ("clearenv", PROFILE_MODERATE, "echo $AK_TEST_MARKER", "\n", "of-the-host\n");
}

/* X29, X10: what can be opened, depending on the user that started the server. */
static void test_x29_files(void **state) {
    static const char *const covered[] = {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
                                          "/proc/sys/vm/drop_caches", "/proc/sys/user/max_user_namespaces",
                                          "/proc/irq/default_smp_affinity"};
    (void)state;
    struct outcome outcome = fixture_probe(spawner, PROFILE_PERMISSIVE, "files", NULL);
    for (size_t i = 0; i < sizeof covered / sizeof covered[0]; i++) {
        char line[100];
        snprintf(line, sizeof line, "%s: OK", covered[i]);
        assert_false(said(&outcome, line));
    }
    MUST_SAY(&outcome, "/usr/x: EROFS", "/etc/passwd: EROFS", "/etc/x: EROFS", "/dev/x: EROFS", "/x: EROFS",
             "/run/x: EROFS", "/var/x: EROFS", "read /proc/kcore: refused", "read /etc/shadow: refused",
             "absent /home: gone", "absent /root: gone", "absent /sys: gone", "absent /var/lib: gone",
             "absent /run/dbus: gone", "absent /mnt: gone", "absent /srv: gone", "absent /boot: gone",
             "absent /oldroot: gone", "absent /newroot: gone", "/proc/self/oom_score_adj: OK", "/proc/self/status: OK",
             "/dev/null: OK", "/dev/shm/x: OK", "/tmp/x: OK", "./x: OK");
    outcome_free(&outcome);
    must_differ("cover-proc", PROFILE_MODERATE,
                "for d in sys irq bus fs; do grep -c \"^proc /proc/$d proc ro\" "
                "/proc/mounts; done",
                "1\n1\n1\n1\n", "0\n0\n0\n0\n");
}

/* X19: everything writable is bounded. */
static void test_x19_full_disks(void **state) {
    const char *argv[4];
    (void)state;
    struct launch_plan plan = fixture_shell(argv, "for d in /tmp /dev/shm " SANDBOX_HOME
                                                  "; do head -c 300M /dev/zero 2>/dev/null > $d/x; wc -c < $d/x; rm "
                                                  "$d/x; done; touch /dev/x /x /run/x 2>/dev/null; echo $?");
    plan.order.limits.memory_bytes = UINT64_C(256) << 20;
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.output, "67108864\n33554432\n134217728\n1\n");
    outcome_free(&outcome);
}

static void test_x21_rlimits(void **state) {
    (void)state;
    struct outcome outcome =
        fixture_sh(spawner, "for l in c n l q; do ulimit -$l 2>/dev/null || echo -; done; grep -E "
                            "'core file|msgqueue|locked|open files' /proc/self/limits | tr -s ' ' | cut "
                            "-d' ' -f1-6");
    assert_non_null(strstr(outcome.output, "Max core file size 1 1"));
    assert_non_null(strstr(outcome.output, "Max open files 1024 1024"));
    assert_non_null(strstr(outcome.output, "Max locked memory 0 0"));
    assert_non_null(strstr(outcome.output, "Max msgqueue size 0 0"));
    outcome_free(&outcome);
    outcome = fixture_sh(spawner, "sh -c 'kill -SEGV $$'; ls");
    assert_null(strstr(outcome.output, "core"));
    outcome_free(&outcome);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x1_planted_links),
        cmocka_unit_test(test_x3_terminal),
        cmocka_unit_test(test_x7_other_processes),
        cmocka_unit_test(test_x7_secrets_are_not_in_bwraps_hands),
        cmocka_unit_test(test_x9_no_network),
        cmocka_unit_test(test_x10_abstract_sockets),
        cmocka_unit_test(test_x10_abstract_datagrams),
        cmocka_unit_test(test_x10_pathname_sockets),
        cmocka_unit_test(test_x11_x12_system_calls),
        cmocka_unit_test(test_x12_user_namespaces),
        cmocka_unit_test(test_x13_capabilities),
        cmocka_unit_test(test_x14_descriptors),
        cmocka_unit_test(test_x14_working_directory),
        cmocka_unit_test(test_x15_environment),
        cmocka_unit_test(test_x29_files),
        cmocka_unit_test(test_x19_full_disks),
        cmocka_unit_test(test_x21_rlimits),
    };
    return cmocka_run_group_tests(tests, start_spawner, stop_spawner);
}
