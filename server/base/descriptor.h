/*
 * descriptor.h: closing what may not be open.
 */
#ifndef AKL_DESCRIPTOR_H
#define AKL_DESCRIPTOR_H

/* Closes fd, unless it is negative. errno stays what it was: this is mostly called on the way out of a failure. */
void close_if_open(int fd);

#endif
