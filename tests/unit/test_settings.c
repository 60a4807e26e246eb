/* test_settings.c: who chooses the program that local: starts, also where the caller of this process must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include <cmocka.h>

#include "local_private.h"
#include "settings.h"

static bool privileged;

/* The linker's names for the wrapped function. */
unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type) {
    return type == AT_SECURE && privileged ? 1 : __real_getauxval(type);
}

static void must_be(const ak_settings *settings, const char *path, const char *by) {
    ak_local_program chosen = settings->program;
    const char *text = NULL;
    assert_int_equal(ak_settings_get_text(settings, AK_CLIENT_LOCAL_PROGRAM, &text, NULL), path ? AK_OK : AK_ABSENT);
    if (!path) {
        assert_null(chosen.path);
        return;
    }
    assert_string_equal(text, path);
    assert_string_equal(chosen.path, path);
    assert_string_equal(chosen.by, by);
}

static void set(ak_settings *settings, const char *path) {
    assert_int_equal(ak_settings_set_text(settings, AK_CLIENT_LOCAL_PROGRAM, path, strlen(path), NULL), AK_OK);
}

static void the_program(void **state) {
    (void)state;
    ak_settings settings;
    unsetenv("AGENTKERNEL_LOCAL");
    assert_int_equal(ak_settings_init(&settings, NULL), AK_OK);
    must_be(&settings, NULL, NULL);
    ak_settings_free(&settings);

    setenv("AGENTKERNEL_LOCAL", "/of/the/environment", 1);
    assert_int_equal(ak_settings_init(&settings, NULL), AK_OK);
    must_be(&settings, "/of/the/environment", "AGENTKERNEL_LOCAL");
    assert_int_equal(ak_settings_set_text(&settings, AK_CLIENT_LOCAL_PROGRAM, "relative", 8, NULL), AK_E_ARGUMENT);
    must_be(&settings, "/of/the/environment", "AGENTKERNEL_LOCAL");
    set(&settings, "/set");
    must_be(&settings, "/set", "local_program");
    set(&settings, ""); /* it is searched for */
    must_be(&settings, NULL, NULL);
    ak_settings_free(&settings);
}

/* A setuid program chooses itself; its caller does not, and cannot make it fail either. */
static void of_a_privileged_process(void **state) {
    (void)state;
    ak_settings settings;
    privileged = true;
    for (int i = 0; i < 2; i++) {
        setenv("AGENTKERNEL_LOCAL", i ? "relative" : "/of/the/environment", 1);
        assert_int_equal(ak_settings_init(&settings, NULL), AK_OK);
        must_be(&settings, NULL, NULL);
        set(&settings, "/bin/sh");
        must_be(&settings, "/bin/sh", "local_program");
        ak_local_program chosen = settings.program;
        char *none[] = {NULL}, *found = NULL;
        assert_int_equal(ak_local_find(none, &chosen, &found, NULL), AK_OK);
        assert_string_equal(found, "/bin/sh");
        free(found);
        ak_settings_free(&settings);
    }
    privileged = false;
    unsetenv("AGENTKERNEL_LOCAL");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_program), cmocka_unit_test(of_a_privileged_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
