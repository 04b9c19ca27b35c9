"""Files read in a process of their own, so that none of them can take this one down."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from assistant.settings import Settings

from .formats.document import Box, Document, LineBox, Note, ReadOptions
from .formats.reading import kind_of, read_document
from .refusing import DocumentError

_ROOT = Path(__file__).resolve().parent.parent
# A process is replaced after so many files, lest what libraries leave behind adds up.
_FILES = 25
# All that a reader needs of the environment: no key, no password, no proxy.
_PASSED = (
    "PATH LANG LC_ALL LC_CTYPE TMPDIR TEMP TMP HOME SYSTEMROOT VIRTUAL_ENV PYTHONPATH "
    "PYTHONHOME LD_LIBRARY_PATH COVERAGE_PROCESS_START"
).split()


class FileReader:
    """Reads files, one after the other, in a child process; a context manager.

    The child has `read_mb` megabytes of address space and, for each file, `read_seconds`; it is
    stopped beyond and replaced. For one thread at a time.
    """

    def __init__(self, settings: Settings) -> None:
        """Keep the limits; the process starts with the first file."""
        self._settings = settings
        self._child: subprocess.Popen[bytes] | None = None
        self._files = 0

    def __enter__(self) -> FileReader:
        """This reader; its process ends with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the process go."""
        self.close()

    def close(self) -> None:
        """Stop the process, whatever it does."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def read(
        self, data: bytes, name: str, *, password: str = "", charset: str = "", ocr: bool = True
    ) -> Document:
        """What the file holds; raises DocumentError for what cannot be read within the limits."""
        options = self._options(password=password, charset=charset, ocr=ocr)
        if kind_of(data, name) == "txt":
            return read_document(data, name, options)  # nothing is parsed: no harm can come
        return _document(self._asked(data, name, options)["document"])

    def picture(self, data: bytes, name: str, page: int, marks: Sequence[Box]) -> bytes:
        """A page of a PDF, from 1, as a PNG with these boxes tinted; raises DocumentError."""
        answer = self._asked(data, name, self._options(), page=page, marks=marks)
        return base64.b64decode(answer["picture"])

    def _options(self, *, password: str = "", charset: str = "", ocr: bool = True) -> ReadOptions:
        s = self._settings
        return ReadOptions(password, charset, ocr, pages=s.document_pages, chars=s.document_chars)

    def _asked(
        self, data: bytes, name: str, options: ReadOptions, **wanted: object
    ) -> dict[str, Any]:
        """What the child answers; raises DocumentError where that is a reason to refuse."""
        request = {"name": name, "size": len(data), "options": asdict(options)} | wanted
        answer = self._sent(json.dumps(request).encode() + b"\n" + data, name)
        if "reason" in answer:
            values = {"mb": self._settings.read_mb} | answer["values"] | {"name": name}
            raise DocumentError(answer["reason"], **values)
        return answer

    def _sent(self, request: bytes, name: str) -> dict[str, Any]:
        if self._files >= _FILES:
            self.close()
        child = self._child or self._start()
        self._files += 1
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(self._settings.read_seconds, stop)
        timer.start()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(request)
            child.stdin.flush()
            answer: dict[str, Any] = json.loads(child.stdout.readline())
            return answer
        except (OSError, ValueError) as error:
            # It was killed, or it died of the file.
            self.close()
            if late.is_set():
                seconds = self._settings.read_seconds
                raise DocumentError("time", name, seconds=seconds) from error
            raise DocumentError("crashed", name) from error
        except BaseException:
            self.close()  # an answer that nobody waits for must not be taken for the next one
            raise
        finally:
            timer.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        environ = {name: os.environ[name] for name in _PASSED if name in os.environ}
        self._files = 0
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ingest.formats", str(self._settings.read_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=environ | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"},
        )
        return self._child


def _document(data: dict[str, Any]) -> Document:
    boxes = tuple(_box(row) for row in data.pop("boxes"))
    notes = tuple(Note(**row) for row in data.pop("notes"))
    return Document(**data | {"pages": tuple(data["pages"])}, boxes=boxes, notes=notes)


def _box(row: dict[str, Any]) -> LineBox:
    left, top, right, bottom = row["box"]
    return LineBox(row["start"], row["end"], row["page"], (left, top, right, bottom))
