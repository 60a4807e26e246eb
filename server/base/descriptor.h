/*
 * descriptor.h: closes a descriptor that may not be open.
 */
#ifndef AKL_DESCRIPTOR_H
#define AKL_DESCRIPTOR_H

/* Closes fd, unless it is negative. Preserves errno: most calls are in error paths. */
void close_if_open(int fd);

#endif
