# Frozen into the boards and run by ramdisk.c, which puts the disk's memory into `ramdisk`.
# ruff: noqa: D100, D101, D102, D107, F821, I001, PTH102
import os
import sys
import vfs


class RamDisk:
    BLOCK = 512

    def __init__(self, memory):
        self.memory = memoryview(memory)

    def readblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK + offset
        buffer[:] = self.memory[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK + offset
        # Not `self.memory[start:end] = buffer`: MicroPython would move all that follows, to where
        # it is already, which took most of the time of copying a file.
        self.memory[start : start + len(buffer)][:] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:  # number of blocks
            return len(self.memory) // self.BLOCK
        if operation == 5:  # bytes in a block
            return self.BLOCK
        return 0  # nothing to initialise, sync or erase


ramdisk = RamDisk(ramdisk)
try:
    vfs.mount(vfs.VfsLfs2(ramdisk), "/")
except OSError:  # blank: the board has just been switched on
    vfs.VfsLfs2.mkfs(ramdisk)
    vfs.mount(vfs.VfsLfs2(ramdisk), "/")
    os.mkdir("/lib")
sys.path.append("/lib")

del RamDisk, ramdisk, os, sys, vfs
