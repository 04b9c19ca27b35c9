"""Bytes of a text file made a text, whatever encoding English and Chinese files come in."""

from __future__ import annotations

import codecs
import unicodedata

# charset-normalizer takes short GBK texts, and English with a few Chinese names, for Korean. A
# wrong reading gives characters that nobody uses, and that can be counted.
_ENCODINGS = ("gb18030", "cp950", "utf-16-le", "utf-16-be")
_EVERYDAY_SHARE = 0.9
_SAMPLE = 5_000
_SIGNATURES = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_WESTERN_MARKS = frozenset("“”‘’–—…•£€¥©®™°§«»·½¼¾±×²³ \xa0")


def decode_text(data: bytes) -> str | None:
    """The text of a file without its byte order mark; None when its encoding cannot be told.

    What is UTF-8 is read so, and what has a byte order mark by that. Otherwise GB18030 (with
    GBK), Big5 and UTF-16 are tried: the one counts whose characters are in everyday use.
    Windows' Western encoding comes last, for English with a few typographic marks.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, "utf-16")
    # English in UTF-16 is valid UTF-8 as well, with every other character NUL.
    if data.count(0) * 4 < len(data) and (text := _decoded(data, "utf-8-sig")) is not None:
        return text
    texts = [text for name in _ENCODINGS if (text := _decoded(data, name)) is not None]
    best = max(texts, key=_everyday_share, default="")
    if best and _everyday_share(best) >= _EVERYDAY_SHARE:
        return best
    western = _decoded(data, "cp1252")
    return western if western and _is_western(western) else None


def is_binary(data: bytes, text: str | None) -> bool:
    """Whether this is no text at all: another kind of file, or full of control characters."""
    if data.startswith(_SIGNATURES):
        return True
    if text is None:
        return data.count(0) * 20 > len(data)
    sample = text[: 20 * _SAMPLE]
    odd = sum(unicodedata.category(c) == "Cc" and not c.isspace() for c in sample)
    return odd * 10 > len(sample)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _everyday_share(text: str) -> float:
    """The share of everyday characters in a text's beginning, beyond ASCII if there are any."""
    beyond = [c for c in text[: 20 * _SAMPLE] if c > "\x7f"][:_SAMPLE]
    sample = beyond or text[:_SAMPLE]
    return sum(map(_is_everyday, sample)) / (len(sample) or 1)


def _is_everyday(character: str) -> bool:
    """Whether it is among the first, common half of GB 2312 or Big5, or printable ASCII."""
    if character <= "\x7f":
        return character.isprintable() or character.isspace()
    for encoding, last in (("gb2312", 0xD7), ("big5", 0xC6)):
        try:
            if character.encode(encoding)[0] <= last:
                return True
        except UnicodeEncodeError:
            continue
    return character in _WESTERN_MARKS


def _is_western(text: str) -> bool:
    beyond = [c for c in text if c > "\x7f"]
    known = all(c in _WESTERN_MARKS or (c.isalpha() and c < "\u0180") for c in beyond)
    return known and len(beyond) * 5 < len(text)
