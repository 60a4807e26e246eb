#include "profile.h"

#include <stddef.h>
#include <strings.h>

static const char *const names[] = {
    [PROFILE_PERMISSIVE] = "permissive", [PROFILE_MODERATE] = "moderate", [PROFILE_RESTRICTIVE] = "restrictive"};

bool profile_parse(const char *text, enum profile *profile) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *profile = (enum profile)i;
            return true;
        }
    }
    return false;
}

const char *profile_name(enum profile profile) {
    return names[profile];
}
