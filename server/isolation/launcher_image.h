/*
 * launcher_image.h: the launcher's binary, embedded in the server.
 *
 * So no second file needs to be installed or found, or could be replaced. It reaches the sandbox as a sealed
 * memfd that is executed through /proc/self/fd: nothing is copied per command, and the sandbox has no such file.
 */
#ifndef AKL_LAUNCHER_IMAGE_H
#define AKL_LAUNCHER_IMAGE_H

/* A sealed, executable memfd with the launcher; -1 with errno (EACCES: sysctl vm.memfd_noexec forbids it). */
int launcher_image_open(void);

#endif
