/*
 * launcher_image.h: the launcher's program, carried inside the server's.
 *
 * So there is no second file to install, to find, or to be exchanged by somebody. It reaches the sandbox as a sealed
 * memfd that is executed through /proc/self/fd: nothing is copied per command and no file of it exists in the sandbox.
 */
#ifndef AKL_LAUNCHER_IMAGE_H
#define AKL_LAUNCHER_IMAGE_H

/* A sealed, executable memfd with the launcher; -1 with errno (EACCES: sysctl vm.memfd_noexec forbids it). */
int launcher_image_open(void);

#endif
