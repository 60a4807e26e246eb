#include "profile.h"

#include <string.h>

#include "value_rules.h"

_Static_assert((int)PROFILE_PERMISSIVE == AK_PROFILE_PERMISSIVE && (int)PROFILE_MODERATE == AK_PROFILE_MODERATE &&
                   (int)PROFILE_RESTRICTIVE == AK_PROFILE_RESTRICTIVE,
               "an index is a profile");

bool profile_parse(const char *text, enum profile *profile) {
    int index = ak_profile_find(text, strlen(text));
    if (index >= 0) {
        *profile = (enum profile)index;
    }
    return index >= 0;
}

const char *profile_name(enum profile profile) {
    return ak_profile_names[profile];
}
