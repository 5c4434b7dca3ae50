"""How much of the heap must be free for a model to load from a file."""

import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.modules import shipped
from machines.machine import MACHINES, Board

# Where a board has nothing else: its memory holds a littlefs, larger than the board's RAM disk.
ADDRESS = 0x000A_0000
BLOCK = 512
MAKE_DISK = """
import binascii, vfs
class Disk:
    def __init__(self):
        self.memory = bytearray({size})
    def readblocks(self, block, buffer, offset=0):
        start = block * {block} + offset
        buffer[:] = self.memory[start : start + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        start = block * {block} + offset
        self.memory[start : start + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        return len(self.memory) // {block} if operation == 4 else {block} if operation == 5 else 0
disk = Disk()
vfs.VfsLfs2.mkfs(disk)
vfs.mount(vfs.VfsLfs2(disk), "/disk")
with open("model", "rb") as file, open("/disk/model", "wb") as copy:
    copy.write(file.read())
vfs.umount("/disk")
print(binascii.hexlify(disk.memory).decode())
"""
FIND = """
import gc, uctypes, vfs
import {module} as module
class Disk:
    memory = memoryview(uctypes.bytearray_at({address}, {size}))
    def readblocks(self, block, buffer, offset=0):
        start = block * {block} + offset
        buffer[:] = self.memory[start : start + len(buffer)]
    def ioctl(self, operation, argument):
        return {size} // {block} if operation == 4 else {block} if operation == 5 else 0
vfs.mount(vfs.VfsLfs2(Disk()), "/disk", readonly=True)
def loads(free):
    # One block of so many bytes is free, and nothing else.
    gc.collect()
    reserve = bytearray(free)
    filler = None
    for size in (4096, 256, 16):
        try:
            while True:
                filler = (bytearray(size), filler)
        except MemoryError:
            pass
    reserve = None
    gc.collect()
    try:
        module.load("/disk/model")
        return True
    except MemoryError:
        return False
def largest():
    size = gc.mem_free()
    while True:
        gc.collect()
        try:
            return len(bytearray(size))
        except MemoryError:
            size -= 1000
low, high = 0, largest()
assert loads(high)
while high - low > 16:
    middle = (low + high) // 2
    if loads(middle):
        high = middle
    else:
        low = middle
print(high, module.load("/disk/model").nbytes)
"""


def load_peak(machine: str, module: str, model: bytes) -> tuple[int, int]:
    """Return the bytes of heap that a load by path needs, and those that the model keeps."""
    board = MACHINES[machine]
    assert isinstance(board, Board)
    size = (len(model) // BLOCK + 12) * BLOCK
    image = bytes.fromhex(
        MACHINES["unix-x64"].run(MAKE_DISK.format(size=size, block=BLOCK), {"model": model})
    )
    script = FIND.format(module=module, address=ADDRESS, size=size, block=BLOCK)
    file = shipped(module, board.arch)
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder) / "disk"
        disk.write_bytes(image)
        loader = ("-device", f"loader,file={disk},addr={ADDRESS},force-raw=on")
        output = replace(board, qemu=(*board.qemu, *loader)).run(
            script, {file.name: file}, timeout=300
        )
    peak, kept = map(int, output.split())
    return peak, kept
