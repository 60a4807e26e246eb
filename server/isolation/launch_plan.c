#include "launch_plan.h"

#include <string.h>

bool launch_shape_has_network(const struct launch_shape *shape) {
    return shape->profile != PROFILE_RESTRICTIVE;
}

/* Followed by the path of the image's root with its NUL; empty: none. */
struct head {
    enum profile profile;
    bool whole_tree;
};
_Static_assert(sizeof(struct head) + PATH_MAX <= LAUNCH_MESSAGE_MAX, "there is room for the longest path");

size_t launch_shape_write(const struct launch_shape *shape, char message[LAUNCH_MESSAGE_MAX]) {
    struct head head;
    size_t root_size = shape->image_root ? strlen(shape->image_root) : 0;
    if (root_size >= PATH_MAX) {
        return 0;
    }
    memset(&head, 0, sizeof head); /* its padding is sent, too */
    head.profile = shape->profile;
    head.whole_tree = shape->whole_tree;
    memcpy(message, &head, sizeof head);
    memcpy(message + sizeof head, root_size > 0 ? shape->image_root : "", root_size + 1);
    return sizeof head + root_size + 1;
}

bool launch_shape_read(struct launch_shape *shape, const char *message, size_t size) {
    struct head head;
    if (size <= sizeof head || message[size - 1] != '\0') {
        return false;
    }
    memcpy(&head, message, sizeof head);
    const char *root = message + sizeof head;
    *shape = (struct launch_shape){
        .profile = head.profile, .whole_tree = head.whole_tree, .image_root = root[0] != '\0' ? root : NULL};
    return true;
}
