"""Archives of XML parts (DOCX, EPUB), opened and unpacked within bounds, parsed without harm."""

from __future__ import annotations

import io
import lzma
import posixpath
import struct
import zipfile
import zlib
from typing import Any
from urllib.parse import unquote

from lxml import etree

from ingest.refusing import DocumentError

# One character of a Word file takes about 60 bytes of XML (measured on a form in Japanese), and
# documents of up to a million characters are taken. Parsed, each byte takes up to twenty; the
# process that reads files has a limit of its own.
UNPACKED_MB = 100
# What zipfile and its decompressors raise for archives that were cut off or changed.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, ValueError, NotImplementedError),
)


class Parts:
    """The parts of one archive; all that is read of them together stays below `UNPACKED_MB`.

    What the archive says of its own sizes is not relied upon. Every method raises DocumentError
    where the archive is damaged, protected by a password, or unpacks to more than the limit.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """`name` is the document's, for the sentences of errors."""
        self._name = name
        self._left = UNPACKED_MB * 1_000_000
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as error:
            raise self._damaged("it was cut off or changed") from error
        self.names = frozenset(self._archive.namelist())
        self._spelled = {_spelling(name): name for name in sorted(self.names)}

    def read(self, part: str) -> bytes | None:
        """The bytes of a part; None where there is no such part."""
        part = part if part in self.names else self._spelled.get(_spelling(part), "")
        if not part:
            return None
        try:
            with self._archive.open(part) as file:
                data = file.read(self._left + 1)
        except _DAMAGE as error:
            raise self._damaged(f"its part {part} cannot be unpacked") from error
        except RuntimeError as error:  # what zipfile raises for members with a password
            raise DocumentError("encrypted", self._name) from error
        self._left -= len(data)
        if self._left < 0:
            raise DocumentError("bomb", self._name, mb=UNPACKED_MB)
        return data

    def tree(self, part: str) -> Any | None:
        """The root element of an XML part; None where there is no such part."""
        data = self.read(part)
        return None if data is None else self.parsed(data, part)

    def parsed(self, data: bytes, part: str) -> Any:
        """The root element of XML; entities, DTDs and addresses in it are not followed."""
        try:
            return etree.fromstring(data, xml_parser())
        except (etree.XMLSyntaxError, ValueError) as error:
            raise self._damaged(f"its part {part} is no valid XML") from error

    def _damaged(self, why: str) -> DocumentError:
        return DocumentError("damaged", self._name, why=why)


def _spelling(part: str) -> str:
    """What the names of one part share: programs differ in capitals, `%20` and the slash."""
    return unquote(part).replace("\\", "/").casefold()


def xml_parser() -> Any:
    """A parser that fetches nothing, resolves nothing, and refuses what is nested without end."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def local(element: Any) -> str:
    """The name of an element without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The value of an attribute, in whatever namespace; "" where there is none."""
    for key, value in element.attrib.items():
        if key == name or key.endswith("}" + name):
            return str(value)
    return ""


def number(value: str, otherwise: int) -> int:
    """What an attribute counts, where it is a number below 100,000; else the other one."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else otherwise


def beside(part: str, target: str) -> str:
    """The name of the part that `part` refers to as `target`."""
    path = unquote(target.partition("#")[0])
    if path.startswith("/"):
        return posixpath.normpath(path).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), path))


def opened(data: bytes, name: str, password: str) -> bytes:
    """The file without its protection; as it is where it has none.

    Raises DocumentError where the password is not the file's, or the file is damaged.
    """
    import msoffcrypto
    from msoffcrypto.exceptions import (
        DecryptionError,
        FileFormatError,
        InvalidKeyError,
        ParseError,
    )

    out = io.BytesIO()
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not file.is_encrypted():
            return data
        # Its own check of passwords (6.1) is wrong where the hash is SHA-1; decrypting tells.
        file.load_key(password=password)
        file.decrypt(out)
    except InvalidKeyError as error:
        raise DocumentError("wrong_password", name) from error
    except (DecryptionError, FileFormatError, ParseError, OSError, ValueError) as error:
        raise DocumentError("damaged", name, why="its protection cannot be undone") from error
    if not out.getvalue().startswith(b"PK"):
        raise DocumentError("wrong_password", name)
    return out.getvalue()
