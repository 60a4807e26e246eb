#include "image_roots.h"

#include <stdlib.h>
#include <string.h>

bool image_roots_add(struct image_roots *roots, struct image_root root) {
    struct image_root *longer = realloc(roots->first, (roots->count + 1) * sizeof *longer);
    if (!longer) {
        return false;
    }
    longer[roots->count++] = root;
    roots->first = longer;
    return true;
}

const char *image_roots_find(const struct image_roots *roots, const char *image) {
    for (size_t i = 0; i < roots->count; i++) {
        if (strcmp(roots->first[i].image, image) == 0) {
            return roots->first[i].dir;
        }
    }
    return NULL;
}

void image_roots_free(struct image_roots *roots) {
    for (size_t i = 0; i < roots->count; i++) {
        free(roots->first[i].image);
        free(roots->first[i].dir);
    }
    free(roots->first);
    *roots = (struct image_roots){0};
}
