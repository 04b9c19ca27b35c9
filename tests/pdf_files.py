"""Small PDFs, written by hand: words at places, lines, pictures, passwords."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

WIDTH, HEIGHT = 600, 800
KEY_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
FONTS = (
    b"/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding"
    b" /BaseEncoding /WinAnsiEncoding /Differences [ 1 /fi /fl ] >> >>"
    b" /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>"
    b" /F3 << /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
    b" /DescendantFonts [ << /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000"
    b" /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox"
    b" [ -25 -254 1000 880 ] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880"
    b" /StemV 93 >> >> ] >>"
)


@dataclass(frozen=True)
class Words:
    """Words whose baseline begins `x` from the left and `y` from the top, in points.

    Words with Chinese among them are set in a Chinese font; turned ones run upwards.
    """

    x: float
    y: float
    text: str
    size: float = 10
    bold: bool = False
    turned: bool = False

    def content(self) -> bytes:
        chinese = any(char > "\u2000" for char in self.text)
        font = 3 if chinese else 2 if self.bold else 1
        code = self.text.encode("utf-16-be") if chinese else self.text.encode("latin-1")
        a, b = (0, 1) if self.turned else (1, 0)
        return (
            f"BT /F{font} {self.size} Tf {a} {b} {-b} {a} {self.x} {HEIGHT - self.y} Tm "
            f"<{code.hex()}> Tj ET\n"
        ).encode()


def stream(content: bytes, entries: str = "") -> bytes:
    return f"<< {entries} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


@dataclass(frozen=True)
class Leaf:
    """A page. xobjects: by name, each the bytes of one object; `extra`: further content."""

    words: Sequence[Words] = ()
    extra: bytes = b""
    xobjects: Mapping[str, bytes] = field(default_factory=dict)
    turn: int = 0


def write_pdf(
    leaves: Sequence[Leaf], info: Mapping[str, str] | None = None, password: str | None = None
) -> bytes:
    """A PDF with these pages; a password is its user's, in the oldest kind of protection."""
    objects: dict[int, bytes] = {}
    kids: list[str] = []
    number = 10
    for leaf in leaves:
        names = ""
        for name, body in leaf.xobjects.items():
            objects[number] = body.replace(b"@SELF", f"{number} 0 R".encode())
            names += f"/{name} {number} 0 R "
            number += 1
        content = b"".join(words.content() for words in leaf.words) + leaf.extra
        objects[number] = stream(content)
        objects[number + 1] = (
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
                f"/Rotate {leaf.turn} /Contents {number} 0 R "
                f"/Resources << /XObject << {names} >> /Font << "
            ).encode()
            + FONTS
            + b" >> >> >>"
        )
        kids.append(f"{number + 1} 0 R")
        number += 2
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[2] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    told = "".join(f"/{key} <{_hex(value)}> " for key, value in (info or {}).items())
    objects[3] = f"<< {told} >>".encode()
    return _file(objects, password)


def many_pages(count: int) -> bytes:
    """A file whose tree names one page so many times."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] >>"
    kids = f"<< /Type /Pages /Count {count} /Kids [{'4 0 R ' * count}] >>".encode()
    return _file({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: kids, 3: b"<< >>", 4: page}, None)


def picture(pixels: bytes, width: int, height: int) -> bytes:
    """An image of grey bytes, one a pixel; they may be fewer than it says."""
    return stream(
        zlib.compress(pixels),
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray "
        "/BitsPerComponent 8 /Filter /FlateDecode",
    )


def shown(name: str, left: float, top: float, width: float, height: float) -> bytes:
    """The content that draws an image at a place."""
    return f"q {width} 0 0 {height} {left} {HEIGHT - top - height} cm /{name} Do Q\n".encode()


def _hex(value: str) -> str:
    return (b"\xfe\xff" + value.encode("utf-16-be")).hex()


def _file(objects: dict[int, bytes], password: str | None) -> bytes:
    trailer = b"/Root 1 0 R /Info 3 0 R"
    if password is not None:
        owner = _rc4(hashlib.md5(_padded("owner")).digest()[:5], _padded(password))
        mark = bytes(16)
        rights = (-4).to_bytes(4, "little", signed=True)
        key = hashlib.md5(_padded(password) + owner + rights + mark).digest()[:5]
        user = _rc4(key, KEY_PADDING)
        objects = {n: _locked(n, body, key) for n, body in objects.items()}
        objects[4] = (
            f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{owner.hex()}> /U <{user.hex()}> >>"
        ).encode()
        trailer += f" /Encrypt 4 0 R /ID [<{mark.hex()}> <{mark.hex()}>]".encode()
    out = b"%PDF-1.4\n"
    places: dict[int, int] = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    size = max(objects) + 1
    table = b"".join(
        f"{places[n]:010} 00000 n \n".encode() if n in places else b"0000000000 65535 f \n"
        for n in range(size)
    )
    end = f"trailer\n<< /Size {size} ".encode() + trailer + b" >>\n"
    return (
        out
        + f"xref\n0 {size}\n".encode()
        + table
        + end
        + (f"startxref\n{len(out)}\n%%EOF\n".encode())
    )


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + KEY_PADDING)[:32]


def _locked(number: int, body: bytes, key: bytes) -> bytes:
    """An object with its stream encrypted; the strings in ours are left empty."""
    head, mark, rest = body.partition(b"stream\n")
    if not mark:
        return body
    content, end, _ = rest.rpartition(b"\nendstream")
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    return head + mark + _rc4(own, content) + end


def _rc4(key: bytes, data: bytes) -> bytes:
    return Cipher(ARC4(key), mode=None).encryptor().update(data)
