/*
 * image_roots.h: which images have a root file system of their own. Other image names stand for the host's own
 * programs.
 */
#ifndef AKL_IMAGE_ROOTS_H
#define AKL_IMAGE_ROOTS_H

#include <stdbool.h>
#include <stddef.h>

struct image_root {
    char *image;
    char *dir; /* of the host */
};

struct image_roots {
    struct image_root *first;
    size_t count;
};

/* Adds one and takes ownership of its strings (from malloc); of several for an image the first is used. False if out of
 * memory: then they stay the caller's. */
bool image_roots_add(struct image_roots *roots, struct image_root root);

/* The folder of an image; NULL if it has none. */
const char *image_roots_find(const struct image_roots *roots, const char *image);

void image_roots_free(struct image_roots *roots);

#endif
