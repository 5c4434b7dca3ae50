// Included by MicroPython's extmod/vfs_posix_file.c, which does not use it without `select`.
