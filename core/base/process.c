#include "process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compat.h"

/* The PID is cached in a page that the kernel zeroes in the child of every fork (MADV_WIPEONFORK). pthread_atfork
 * handlers would miss forks that bypass libc. NULL: the kernel does not support this, so getpid is called. */
static atomic_int *remembered;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_page(void) {
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return;
    }
    if (!ak_wipe_on_fork(page, size)) {
        munmap(page, size);
        return;
    }
    remembered = page;
}

pid_t ak_process(void) {
    pthread_once(&once, make_page);
    if (!remembered) {
        return getpid();
    }
    pid_t pid = atomic_load_explicit(remembered, memory_order_relaxed);
    if (pid == 0) {
        pid = getpid();
        atomic_store_explicit(remembered, pid, memory_order_relaxed);
    }
    return pid;
}
