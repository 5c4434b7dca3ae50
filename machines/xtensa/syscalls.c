// The few POSIX functions that MicroPython's extmod/vfs_posix*.c call.
#include "syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Linux's numbers for Xtensa.
enum {
    SYS_open = 8,
    SYS_close = 9,
    SYS_read = 12,
    SYS_write = 13,
    SYS_lseek = 15,
    SYS_fsync = 26,
    SYS_rename = 33,
    SYS_unlink = 38,
    SYS_rmdir = 39,
    SYS_mkdir = 40,
    SYS_chdir = 41,
    SYS_getcwd = 43,
    SYS_getdents64 = 60,
    SYS_mmap2 = 80,
    SYS_exit = 118,
    SYS_statx = 351,
    SYS_clock_gettime64 = 403,
};

int errno;

static long call(long number, long a, long b, long c) {
    return linux_syscall(number, a, b, c, 0, 0, 0);
}

// As libc has it: -1 and errno on failure.
static long posix(long number, long a, long b, long c) {
    long result = call(number, a, b, c);
    if (result < 0) {
        errno = -result;
        return -1;
    }
    return result;
}

int open(const char *path, int flags, ...) { return posix(SYS_open, (long)path, flags, 0644); }
int close(int fd) { return posix(SYS_close, fd, 0, 0); }
ssize_t read(int fd, void *buf, size_t size) { return posix(SYS_read, fd, (long)buf, size); }
ssize_t write(int fd, const void *buf, size_t n) { return posix(SYS_write, fd, (long)buf, n); }
off_t lseek(int fd, off_t offset, int whence) { return posix(SYS_lseek, fd, offset, whence); }
int fsync(int fd) { return posix(SYS_fsync, fd, 0, 0); }
int rename(const char *from, const char *to) { return posix(SYS_rename, (long)from, (long)to, 0); }
int unlink(const char *path) { return posix(SYS_unlink, (long)path, 0, 0); }
int rmdir(const char *path) { return posix(SYS_rmdir, (long)path, 0, 0); }
int mkdir(const char *path, mode_t mode) { return posix(SYS_mkdir, (long)path, mode, 0); }
int chdir(const char *path) { return posix(SYS_chdir, (long)path, 0, 0); }

char *getcwd(char *buf, size_t size) {
    return posix(SYS_getcwd, (long)buf, size, 0) < 0 ? NULL : buf;
}

int stat(const char *path, struct stat *result) {
    struct { // the start of Linux's struct statx
        uint32_t mask, block_size;
        uint64_t attributes;
        uint32_t links, uid, gid;
        uint16_t mode, pad;
        uint64_t inode, size, blocks, attributes_mask;
        struct {
            int64_t seconds;
            uint32_t nanoseconds, pad;
        } accessed, born, changed, modified;
        uint64_t rest[14];
    } kernel;
    const long at_current_folder = -100, basic_stats = 0x7ff;
    long error =
        linux_syscall(SYS_statx, at_current_folder, (long)path, 0, basic_stats, (long)&kernel, 0);
    if (error < 0) {
        errno = -error;
        return -1;
    }
    memset(result, 0, sizeof(*result));
    result->st_ino = kernel.inode;
    result->st_mode = kernel.mode;
    result->st_nlink = kernel.links;
    result->st_uid = kernel.uid;
    result->st_gid = kernel.gid;
    result->st_size = kernel.size;
    result->st_atime = kernel.accessed.seconds;
    result->st_mtime = kernel.modified.seconds;
    result->st_ctime = kernel.changed.seconds;
    return 0;
}

// One folder at a time is enough: MicroPython's own ilistdir() reads to the end in one go.
DIR *opendir(const char *path) {
    static DIR directory;
    directory.fd = open(path, O_RDONLY | O_DIRECTORY);
    directory.next = directory.end = directory.buffer;
    return directory.fd < 0 ? NULL : &directory;
}

struct dirent *readdir(DIR *directory) {
    if (directory->next == directory->end) {
        long size = posix(SYS_getdents64, directory->fd, (long)directory->buffer,
                          sizeof(directory->buffer));
        if (size <= 0) {
            return NULL;
        }
        directory->next = directory->buffer;
        directory->end = directory->buffer + size;
    }
    struct dirent *entry = (struct dirent *)directory->next;
    directory->next += entry->d_reclen;
    return entry;
}

int closedir(DIR *directory) { return close(directory->fd); }

void *map_memory(size_t size, bool executable) {
    const long read_write = 3, execute = 4, private_anonymous = 0x802;
    long address = linux_syscall(SYS_mmap2, 0, size, read_write | (executable ? execute : 0),
                                 private_anonymous, -1, 0);
    return address < 0 && address > -4096 ? NULL : (void *)address;
}

uint64_t monotonic_ns(void) {
    struct {
        int64_t seconds, nanoseconds;
    } now;
    const long clock_monotonic = 1;
    call(SYS_clock_gettime64, clock_monotonic, (long)&now, 0);
    return (uint64_t)now.seconds * 1000000000 + (uint64_t)now.nanoseconds;
}

void fatal_error(const char *message) {
    write(STDERR_FILENO, "fatal: ", 7);
    write(STDERR_FILENO, message, strlen(message));
    write(STDERR_FILENO, "\n", 1);
    exit(134);
}

void exit(int status) {
    for (;;) {
        call(SYS_exit, status, 0, 0);
    }
}
