/* Counts the calls of a process at files below one folder, and fails or kills at one of them. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum how { COUNT, FAIL_ONCE, FAIL_EVER, KILL };

static char root[4096];
static size_t root_length;
static long at = -1;
static enum how how = COUNT;
static int number;      /* the errno of a failure */
static int report = -1; /* a descriptor that gets one line for each call */
static atomic_long calls;

/* Called through ctypes by the process that is to be tried, in the moment before it begins. */
void sweep_arm(const char *folder, int descriptor, long index, int mode, int error) {
    snprintf(root, sizeof root, "%s/", folder);
    report = descriptor;
    at = index;
    how = mode;
    number = error;
    atomic_store(&calls, 0);
    root_length = strlen(root);
}

/* The same by the environment: for a process that is started with the library. */
__attribute__((constructor)) static void arm_by_environment(void) {
    const char *folder = getenv("SWEEP_ROOT"), *words = getenv("SWEEP_AT");
    long index;
    int mode, error;
    if (folder && words && sscanf(words, "%ld %d %d", &index, &mode, &error) == 3)
        sweep_arm(folder, -1, index, mode, error);
}

static int is_below(int descriptor, const char *path) {
    char full[8192];
    if (path != NULL && path[0] == '/')
        return strncmp(path, root, root_length) == 0;
    if (descriptor < 0)
        return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, full, sizeof full - 1);
    if (length <= 0)
        return 0;
    full[length] = '\0';
    strncat(full, "/", sizeof full - strlen(full) - 1);
    return strncmp(full, root, root_length) == 0;
}

/* Say whether this call is to fail; changes: whether it can change what is on the disk. */
static int fails(const char *name, int descriptor, const char *path, int changes) {
    if (!root_length)
        return 0;
    int kept = errno;
    int mine = is_below(descriptor, path);
    errno = kept;
    if (!mine)
        return 0;
    long index = atomic_fetch_add(&calls, 1);
    if (report >= 0) {
        char line[512];
        const char *tail = path ? strrchr(path, '/') : NULL;
        int length = snprintf(line, sizeof line, "%s %d %.400s\n", name, changes,
                              tail ? tail + 1 : (path ? path : "-"));
        syscall(SYS_write, report, line, length);
    }
    if (how == KILL && index == at)
        syscall(SYS_kill, getpid(), SIGKILL);
    if ((how == FAIL_ONCE && index == at) || (how == FAIL_EVER && index >= at)) {
        errno = number;
        return 1;
    }
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRAP(kind, failed, name, parameters, arguments, descriptor, path, changes) \
    kind name parameters {                                                        \
        static __typeof__(&name) real;                                            \
        if (real == NULL)                                                         \
            real = REAL(name);                                                    \
        return fails(#name, descriptor, path, changes) ? failed : real arguments; \
    }

#define OPENS(name)                                                              \
    int name(const char *path, int flags, ...) {                                  \
        va_list rest;                                                             \
        va_start(rest, flags);                                                    \
        int mode = va_arg(rest, int);                                             \
        va_end(rest);                                                             \
        static int (*real)(const char *, int, ...);                               \
        if (real == NULL)                                                         \
            real = REAL(name);                                                    \
        int changes = (flags & (O_CREAT | O_TRUNC)) != 0;                         \
        return fails(#name, -1, path, changes) ? -1 : real(path, flags, mode);    \
    }
#define OPENS_AT(name)                                                           \
    int name(int folder, const char *path, int flags, ...) {                      \
        va_list rest;                                                             \
        va_start(rest, flags);                                                    \
        int mode = va_arg(rest, int);                                             \
        va_end(rest);                                                             \
        static int (*real)(int, const char *, int, ...);                          \
        if (real == NULL)                                                         \
            real = REAL(name);                                                    \
        int changes = (flags & (O_CREAT | O_TRUNC)) != 0;                         \
        return fails(#name, folder, path, changes) ? -1 : real(folder, path, flags, mode); \
    }

OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

WRAP(ssize_t, -1, read, (int fd, void *data, size_t size), (fd, data, size), fd, NULL, 0)
WRAP(ssize_t, -1, pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at), fd, NULL, 0)
WRAP(ssize_t, -1, pread64, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at), fd, NULL, 0)
WRAP(ssize_t, -1, write, (int fd, const void *data, size_t size), (fd, data, size), fd, NULL, 1)
WRAP(ssize_t, -1, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), fd, NULL, 1)
WRAP(ssize_t, -1, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), fd, NULL, 1)
WRAP(ssize_t, -1, writev, (int fd, const struct iovec *data, int count), (fd, data, count), fd, NULL, 1)
WRAP(int, -1, ftruncate, (int fd, off_t size), (fd, size), fd, NULL, 1)
WRAP(int, -1, ftruncate64, (int fd, off64_t size), (fd, size), fd, NULL, 1)
WRAP(int, -1, fsync, (int fd), (fd), fd, NULL, 1)
WRAP(int, -1, fdatasync, (int fd), (fd), fd, NULL, 1)
WRAP(int, -1, flock, (int fd, int operation), (fd, operation), fd, NULL, 1)
WRAP(int, -1, fchmod, (int fd, mode_t mode), (fd, mode), fd, NULL, 1)
WRAP(int, -1, futimens, (int fd, const struct timespec times[2]), (fd, times), fd, NULL, 1)
WRAP(int, -1, posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size), fd, NULL, 1)
WRAP(int, -1, posix_fallocate64, (int fd, off64_t at, off64_t size), (fd, at, size), fd, NULL, 1)
WRAP(ssize_t, -1, copy_file_range,
     (int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags),
     (in, from, out, to, size, flags), out, NULL, 1)
WRAP(int, -1, rename, (const char *old, const char *path), (old, path), -1, path, 1)
WRAP(int, -1, renameat, (int a, const char *old, int b, const char *path), (a, old, b, path), b, path, 1)
WRAP(int, -1, link, (const char *old, const char *path), (old, path), -1, path, 1)
WRAP(int, -1, linkat, (int a, const char *old, int b, const char *path, int flags),
     (a, old, b, path, flags), b, path, 1)
WRAP(int, -1, symlink, (const char *old, const char *path), (old, path), -1, path, 1)
WRAP(int, -1, unlink, (const char *path), (path), -1, path, 1)
WRAP(int, -1, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), folder, path, 1)
WRAP(int, -1, mkdir, (const char *path, mode_t mode), (path, mode), -1, path, 1)
WRAP(int, -1, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), folder, path, 1)
WRAP(int, -1, rmdir, (const char *path), (path), -1, path, 1)
WRAP(int, -1, chmod, (const char *path, mode_t mode), (path, mode), -1, path, 1)
WRAP(int, -1, fchmodat, (int folder, const char *path, mode_t mode, int flags),
     (folder, path, mode, flags), folder, path, 1)
WRAP(int, -1, utimensat, (int folder, const char *path, const struct timespec times[2], int flags),
     (folder, path, times, flags), folder, path, 1)
WRAP(int, -1, stat, (const char *path, struct stat *found), (path, found), -1, path, 0)
WRAP(int, -1, stat64, (const char *path, struct stat64 *found), (path, found), -1, path, 0)
WRAP(int, -1, lstat, (const char *path, struct stat *found), (path, found), -1, path, 0)
WRAP(int, -1, lstat64, (const char *path, struct stat64 *found), (path, found), -1, path, 0)
WRAP(DIR *, NULL, opendir, (const char *path), (path), -1, path, 0)
