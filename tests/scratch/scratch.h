/*
 * scratch.h: where tests keep state folders and trees of sandboxes.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

/* A folder on a disk: TMPDIR (else /tmp) unless that is in memory, where what sandboxes write is no matter of disks;
 * else /var/tmp. */
const char *scratch_base(void);

#endif
