/* test_trust.c: which certificates are chosen on the systems that there are, laid out below a folder, and by whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "trust.h"

static bool privileged;

/* The linker's names for the wrapped function. */
unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type) {
    return type == AT_SECURE && privileged ? 1 : __real_getauxval(type);
}

#define MAX_ENTRIES 8

/* Entries are made in order and removed in reverse: a folder ends in a slash, "a -> b" is a link, "!" is an empty file.
 */
typedef struct {
    const char *system;
    const char *entries[MAX_ENTRIES];
    const char *file; /* expected; NULL: none */
    const char *dir;
} layout;

static const layout layouts[] = {
    {"Debian, Ubuntu",
     {"etc/", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt"},
     "/etc/ssl/certs/ca-certificates.crt",
     NULL},
    {"Fedora, RHEL",
     {"etc/", "etc/pki/", "etc/pki/tls/", "etc/pki/tls/certs/", "etc/pki/bundle.pem",
      "etc/pki/tls/certs/ca-bundle.crt -> ../../bundle.pem"},
     "/etc/pki/tls/certs/ca-bundle.crt",
     NULL},
    {"Fedora without the old names",
     {"etc/", "etc/pki/", "etc/pki/ca-trust/", "etc/pki/ca-trust/extracted/", "etc/pki/ca-trust/extracted/pem/",
      "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"},
     "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
     NULL},
    {"SUSE", {"etc/", "etc/ssl/", "etc/ssl/ca-bundle.pem"}, "/etc/ssl/ca-bundle.pem", NULL},
    {"Alpine with ca-certificates-bundle only", {"etc/", "etc/ssl/", "etc/ssl/cert.pem"}, "/etc/ssl/cert.pem", NULL},
    {"Alpine",
     {"etc/", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt",
      "etc/ssl/cert.pem -> certs/ca-certificates.crt"},
     "/etc/ssl/certs/ca-certificates.crt",
     NULL},
    {"a bundle that is empty, and another",
     {"etc/", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt!", "etc/ssl/cert.pem"},
     "/etc/ssl/cert.pem",
     NULL},
    {"a bundle that is gone", {"etc/", "etc/ssl/", "etc/ssl/cert.pem -> gone"}, NULL, NULL},
    {"a folder only", {"etc/", "etc/ssl/", "etc/ssl/certs/"}, NULL, "/etc/ssl/certs"},
    {"Fedora's folder only", {"etc/", "etc/pki/", "etc/pki/tls/", "etc/pki/tls/certs/"}, NULL, "/etc/pki/tls/certs"},
    {"nothing", {"etc/"}, NULL, NULL},
};

static char root[] = "/tmp/ak-trust-XXXXXX";

static int set_up(void **state) {
    (void)state;
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    return rmdir(root);
}

static void make(const char *entry) {
    char path[256], *arrow;
    snprintf(path, sizeof path, "%s/%s", root, entry);
    char *end = path + strlen(path) - 1;
    if (*end == '/') {
        assert_int_equal(mkdir(path, 0755), 0);
    } else if ((arrow = strstr(path, " -> "))) {
        *arrow = '\0';
        assert_int_equal(symlink(arrow + 4, path), 0);
    } else {
        bool empty = *end == '!';
        *end = empty ? '\0' : *end;
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(empty || fputs("certificates", file) >= 0);
        fclose(file);
    }
}

static void unmake(const char *entry) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, entry);
    path[strcspn(path, "! ")] = '\0';
    assert_int_equal(remove(path), 0);
}

static void must_be(const char *what, const char *name, const char *found, const char *below, const char *expected) {
    size_t len = expected ? strlen(below) : 0;
    if (!found != !expected || (found && (strncmp(found, below, len) != 0 || strcmp(found + len, expected) != 0))) {
        fail_msg("%s: the %s is %s, not %s%s", what, name, found ? found : "none", below, expected ? expected : "none");
    }
}

static void the_systems_own(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        size_t count = 0;
        for (; count < MAX_ENTRIES && layouts[i].entries[count]; count++) {
            make(layouts[i].entries[count]);
        }
        ak_trust trust;
        assert_int_equal(ak_trust_choose(&trust, root, NULL), AK_OK);
        must_be(layouts[i].system, "file", trust.file, root, layouts[i].file);
        must_be(layouts[i].system, "folder", trust.dir, root, layouts[i].dir);
        ak_trust_free(&trust);
        while (count) {
            unmake(layouts[i].entries[--count]);
        }
    }
}

static void choose(const char *file, const char *dir, const char *expected_file, const char *expected_dir) {
    setenv("SSL_CERT_FILE", file, 1);
    setenv("SSL_CERT_DIR", dir, 1);
    ak_trust trust;
    assert_int_equal(ak_trust_choose(&trust, root, NULL), AK_OK);
    char what[128];
    snprintf(what, sizeof what, "SSL_CERT_FILE=%s SSL_CERT_DIR=%s", file, dir);
    const char *system = expected_file && strncmp(expected_file, "/etc", 4) == 0 ? root : "";
    must_be(what, "file", trust.file, system, expected_file);
    must_be(what, "folder", trust.dir, "", expected_dir);
    ak_trust_free(&trust);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

/* As OpenSSL reads it: a variable stands in the place of the systems' file or folder. */
static void the_environment(void **state) {
    (void)state;
    static const char *const entries[] = {"etc/", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/cert.pem"};
    for (size_t i = 0; i < 4; i++) {
        make(entries[i]);
    }
    choose("", "", "/etc/ssl/cert.pem", NULL);
    choose("/f", "", "/f", NULL); /* unreadable: a slip must not widen what is trusted */
    choose("", "/d", "/etc/ssl/cert.pem", "/d");
    choose("/f", "/d", "/f", "/d");
    privileged = true; /* its caller must not say whom it trusts */
    choose("/f", "/d", "/etc/ssl/cert.pem", NULL);
    privileged = false;
    for (size_t i = 4; i-- > 0;) {
        unmake(entries[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_systems_own), cmocka_unit_test(the_environment)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
