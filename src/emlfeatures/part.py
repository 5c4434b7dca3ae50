# Merged into emlfeatures.mpy behind rows.py: names, keyword arguments and files take fewer bytes here
# than in C. formats/front.md describes the file. emlmpy.features runs this very text on the PC.
from array import array


def _numbers(typecode, numbers):
    # An array cuts large ints off, or raises OverflowError on a PC.
    try:
        items = array(typecode, numbers)
        if list(items) == numbers:
            return items
    except OverflowError:
        pass
    raise ValueError("number is out of range")


def new(
    window,
    hop,
    channels,
    *,
    highpass=(),
    gravity=None,
    magnitude=0,
    difference=False,
    stats=(),
    stats_of=None,
    pairs=(),
    bands=(),
    peak=False,
    centroid=False,
    spectrum_of=None,
    fft=0,
    taper="hann"
):
    _check(window, hop, channels)
    if gravity not in (None, "mean") or taper not in ("hann", "none"):
        raise ValueError("gravity must be None or mean, taper hann or none")
    if magnitude is True:
        magnitude = channels
    names = (
        "mean,std,rms,mad,min,max,range,median,q25,q75,iqr,skew,kurtosis,jerk,"
        "zero_crossings,mean_crossings,energy"
    ).split(",")
    numbers = []
    for name in stats:
        if name not in names:
            raise ValueError("stats must be of %s" % names)
        numbers.append(names.index(name))
    every = range(
        (channels + (channels // magnitude if magnitude else 0)) * (2 if difference else 1)
    )
    flags = (1 if gravity else 0) + (2 if difference else 0)
    lists = [
        numbers,
        every if stats_of is None else stats_of,
        pairs,
        every if spectrum_of is None else spectrum_of,
        bands,
    ]
    if not numbers:
        lists[1] = ()
    if bands or peak or centroid:
        flags += (4 if taper == "hann" else 0) + (8 if peak else 0) + (16 if centroid else 0)
        if not fft:
            fft = 8
            while 2 * fft <= window:
                fft *= 2
    else:
        lists[3] = ()
        fft = 0
    front = [window, hop, channels, flags, magnitude, fft]
    front.extend(map(len, lists))
    front[8] //= 2
    for items in lists:
        front.extend(items)
    return _new(_numbers("H", front), _numbers("i", list(highpass)))


def _option(options, row):
    # ?front,key,value,...
    if not options and row != "?front,version,1":
        raise ValueError("front end must be of version 1")
    _, key, *fields = row.split(",")
    if key in options:
        raise ValueError("row must stand once: " + row)
    try:
        if key not in ("stats", "gravity", "taper"):
            fields = list(map(int, fields))
        if key not in ("stats", "stats_of", "pairs", "bands", "spectrum_of", "highpass"):
            (fields,) = fields
    except ValueError:
        raise ValueError("number expected: " + row)
    options[key] = fields


def _options(options, lines):
    # Passes all lines on, and keeps what the rows of the front end say.
    for line in lines:
        if line.startswith("?front,"):
            _option(options, line.rstrip("\r\n"))
        yield line


def _image(read):
    # The rows of a front end's image, of which read(first, bytes) gives a part.
    at = 0
    while True:
        head = bytes(read(at, 32))
        if head[:3] != b"EML" or len(head) < 32:
            raise ValueError("file must have a front end")
        length = head[24] | head[25] << 8 | head[26] << 16 | head[27] << 24
        if head[3] == 70:
            image = bytes(read(at, length))
            if len(image) != length or not _whole(image):
                raise ValueError("file is damaged")
            return str(image[32:], "utf-8").split("\n")
        at += max(length, 32)


def _made(options):
    if not options:
        raise ValueError("file must have a front end")
    del options["version"]
    try:
        return new(**options)
    except TypeError:
        raise ValueError("front end must have all rows, and no others")


def load(source):
    options = {}
    rows = None
    if isinstance(source, str):
        with open(source, "rb") as file:
            if file.read(3) != b"EML":
                with open(source) as text:
                    return load(text)

            def read(at, size):
                file.seek(at)
                return file.read(size)

            rows = _image(read)
    elif not hasattr(source, "read") and not isinstance(source, list):
        source = memoryview(source)
        if bytes(source[:3]) == b"EML":
            rows = _image(lambda at, size: source[at : at + size])
        else:
            source = str(source, "utf-8").rstrip("\n").split("\n")
    if rows is None:
        last = ""
        for _, last in _rows(_options(options, source)):
            pass
        if not last.startswith("crc,"):
            raise ValueError("file is incomplete")
    else:
        for _ in _options(options, rows):
            pass
    return _made(options)


def row(front):
    return array("h", [0] * front.n_features)


_methods["row"] = row
