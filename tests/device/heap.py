# Takes all of the heap but one piece, to find out what works with how much.
import gc


def fill(free):
    """Leave so many bytes free, in one piece; the rest is free again when the result is dropped."""
    gc.collect()
    piece = bytearray(free)
    # Not collected each time that an allocation fails, which takes long where the heap is large.
    gc.disable()
    taken = _take(None)
    # What raising has left behind is taken, too; in the end only that of one exception is left.
    gc.collect()
    taken = _take(taken)
    gc.collect()
    taken = _take(taken, ())
    gc.enable()
    del piece
    gc.collect()
    return taken


def _take(taken, sizes=(16384, 4096, 1024, 256, 64, 16)):
    for size in sizes:
        try:
            while True:
                taken = (taken, bytearray(size))
        except MemoryError:
            pass
    try:
        while True:
            taken = (taken,)
    except MemoryError:
        return taken


def enough(works):
    """Return with how many free bytes works() does; within 16."""
    low = 0
    high = 1024
    while not _works(high, works):
        low = high
        high += high // 4
    while high - low > 16:
        middle = (low + high) // 2
        if _works(middle, works):
            high = middle
        else:
            low = middle
    return high


def _works(free, works):
    taken = fill(free)
    try:
        works()
        return True
    except MemoryError:
        return False
    finally:
        del taken
