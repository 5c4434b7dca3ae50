// picolibc has none. The entries are Linux's struct linux_dirent64.
#ifndef EMLMPY_XTENSA_DIRENT_H
#define EMLMPY_XTENSA_DIRENT_H

#include <stdint.h>

#define _DIRENT_HAVE_D_TYPE 1
#define _DIRENT_HAVE_D_INO 1
#define DTTOIF(type) ((type) << 12)

struct dirent {
    uint64_t d_ino;
    int64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
};

typedef struct {
    int fd;
    char *next, *end;
    char buffer[2048] __attribute__((aligned(8)));
} DIR;

DIR *opendir(const char *path);
struct dirent *readdir(DIR *directory);
int closedir(DIR *directory);

#endif
