"""Images, of which binary files consist. formats/image.md describes them."""

import struct
import zlib

from emlmpy.image_format import FIELDS, HEAD

BYTES_AT, CRC_AT = HEAD - 8, HEAD - 4  # in an image's head


def image(letter: str, fields: bytes, body: bytes) -> bytes:
    """Return an image.

    fields: at most FIELDS bytes, which come behind the tag. All images but a file's last must have
    a multiple of ALIGNMENT bytes.
    """
    head = (
        b"EML" + letter.encode() + fields.ljust(FIELDS, b"\0") + struct.pack("<I", HEAD + len(body))
    )
    return signed(head + bytes(4) + body)


def images(data: bytes) -> list[bytes]:
    """Return the images of a binary file, as far as their lengths make sense."""
    found = []
    while len(data) >= HEAD:
        length = max(HEAD, struct.unpack_from("<I", data, BYTES_AT)[0])
        found.append(data[:length])
        data = data[length:]
    return found


def is_a(letter: str, image: bytes) -> bool:
    """Whether an image is of this kind."""
    return image.startswith(f"EML{letter}".encode())


def signed(image: bytes) -> bytes:
    """Return an image with the right checksum."""
    crc = zlib.crc32(image[HEAD:], zlib.crc32(image[:CRC_AT]))
    return image[:CRC_AT] + struct.pack("<I", crc) + image[HEAD:]
