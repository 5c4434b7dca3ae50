# Takes all of the heap but one piece, to find out what works with how much.
import gc


def fill(free, exact=False):
    """Leave so many bytes free, in one piece; give the result to release() afterwards.

    Some hundred bytes in small pieces are free as well; if exact, those of one exception only.
    """
    gc.collect()
    piece = bytearray(free)
    # Not collected each time that an allocation fails, which takes long where the heap is large.
    gc.disable()
    taken = _take(None)
    # What raising has left behind is taken, too.
    gc.collect()
    taken = _take(taken)
    if exact:
        gc.collect()
        taken = _take(taken, ())
    gc.enable()
    del piece
    gc.collect()
    return taken


def release(taken):
    """Free what fill() took, node by node: an old pointer on the stack keeps no more than one."""
    while taken is not None:
        following = taken[0]
        taken.clear()
        taken = following
    gc.collect()


def _take(taken, sizes=(16384, 4096, 1024, 256, 64, 16)):
    # Lists, since tuples could not be taken apart.
    for size in sizes:
        try:
            while True:
                taken = [taken, bytearray(size)]
        except MemoryError:
            pass
    try:
        while True:
            taken = [taken]
    except MemoryError:
        return taken


def starve(action, check):
    """Give an action ever more memory until it has enough; check() after each failure.

    Returns how often it failed, and what it returned in the end: not None.
    """
    # Most of the heap is taken for good, so that it takes less time to take the rest each time.
    taken_for_good = fill(24000)
    failed = free = 0
    result = None
    while result is None:
        # That takes twice as long, and is for actions that want little.
        taken = fill(free, exact=failed == 0)
        try:
            result = action()
        except MemoryError:
            failed += 1
        except OSError as error:
            if error.errno != 12:  # ENOMEM: how open says it
                raise
            failed += 1
        release(taken)
        if result is None:
            check()
        free += 32 if free < 512 else 128
    release(taken_for_good)
    return failed, result


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
        release(taken)
