"""MicroPython's raw REPL, by which a board is given scripts.

mpremote's own is not used: it waits 10 s for an answer, however busy this computer is.
"""

import struct
from collections.abc import Callable, Iterator

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
END = b"\x04"  # of a script, of its output, and of its traceback


class RawRepl:
    """The board's raw REPL; `pieces` is what the board says, and `send` says something to it.

    Every method raises EOFError when the pieces end: the board has stopped.
    """

    def __init__(self, pieces: Iterator[bytes], send: Callable[[bytes], object]) -> None:
        """Interrupt whatever runs, and enter the raw REPL."""
        self._pieces = pieces
        self._send = send
        self._unread = b""
        send(b"\r\x03\r\x01")
        self._read_until(BANNER)

    def soft_reset(self) -> None:
        """Reset MicroPython; the board's memory stays as it is."""
        self._send(END)
        self._read_until(b"soft reboot\r\n")
        self._read_until(BANNER)

    def run(self, script: bytes) -> Iterator[bytes]:
        """Run a script; yield what it prints. Call `traceback` after that."""
        self._write(script)
        while END not in self._unread:
            yield self._unread
            self._unread = self._next()
        output, _, self._unread = self._unread.partition(END)
        yield output

    def traceback(self) -> bytes:
        """What MicroPython says of the exception that ended the script, or nothing."""
        traceback = self._read_until(END)
        self._read_until(b">")
        return traceback

    def _write(self, script: bytes) -> None:
        """Write a script in raw paste mode: as much at a time as the board says that it takes."""
        self._send(b"\x05A\x01")
        self._read_until(b"R\x01")
        (window,) = struct.unpack("<H", self._read(2))
        room = window
        while script:
            while not room or self._unread:
                if self._read(1) == END:  # it does not read past a syntax error
                    self._send(END)
                    return
                room += window
            self._send(script[:room])
            script, room = script[room:], max(0, room - len(script))
        self._send(END)
        self._read_until(END)

    def _next(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise EOFError

    def _read(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._unread += self._next()
        data, self._unread = self._unread[:count], self._unread[count:]
        return data

    def _read_until(self, ending: bytes) -> bytes:
        while ending not in self._unread:
            self._unread += self._next()
        data, _, self._unread = self._unread.partition(ending)
        return data
