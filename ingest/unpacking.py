"""Bodies that a server packed although it was asked not to."""

from __future__ import annotations

import zlib

UNPACKED = ("", "identity", "gzip", "x-gzip", "deflate")
# A body may be several gzip files in a row; more than a few are there to cost time.
_MEMBERS = 16


def unpack(body: bytes, coding: str, most: int) -> bytes:
    """A body without its coding, one of `UNPACKED`; never more than `most` bytes of it.

    Raises EOFError for one that was cut off, ValueError for one that is damaged.
    """
    if coding in ("", "identity"):
        return body[:most]
    # Some servers leave out the frame of zlib that "deflate" stands for.
    bare = coding == "deflate" and not _has_zlib_frame(body)
    unpacked = b""
    try:
        for _ in range(_MEMBERS):
            inflater = zlib.decompressobj(-15 if bare else 47)
            unpacked += inflater.decompress(body, most - len(unpacked))
            if len(unpacked) >= most:
                return unpacked
            if not inflater.eof:
                raise EOFError("the packed body is not whole")
            body = inflater.unused_data
            if not body.startswith(b"\x1f\x8b"):
                return unpacked
    except zlib.error as error:
        raise ValueError(str(error)) from error
    raise ValueError("the body is packed in too many pieces")


def _has_zlib_frame(body: bytes) -> bool:
    return body[:1] != b"" and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
