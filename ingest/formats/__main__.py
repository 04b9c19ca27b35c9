"""The process in which files are read: `ingest/reading_apart.py` starts it and speaks to it.

On standard input come requests, one after the other: a line of JSON (its fields are those of
`_answer`), then as many bytes as it says. Each is answered by one line of JSON.
"""

from __future__ import annotations

import base64
import json
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ingest.refusing import DocumentError

from .document import ReadOptions
from .pdf_picture import page_picture
from .reading import read_document


def main() -> None:
    """Answer requests until there are no more."""
    limit_memory(int(sys.argv[1]))
    # What libraries print must not come between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["size"])
        # JSON's escapes also carry what is no valid character.
        out.write(json.dumps(_answer(data, request)) + "\n")
        out.flush()


def limit_memory(mb: int) -> None:
    """Bound this process's address space, where the system can; and leave no core dumps."""
    with suppress(ImportError):
        import resource

        limit = mb * 1_000_000
        for what, most in ((resource.RLIMIT_AS, limit), (resource.RLIMIT_CORE, 0)):
            with suppress(ValueError, OSError):
                resource.setrlimit(what, (most, most))


def _answer(data: bytes, request: dict[str, Any]) -> dict[str, Any]:
    try:
        options = ReadOptions(**request["options"])
        if "page" in request:
            asked = request["page"], request["marks"]
            picture = page_picture(data, request["name"], *asked, options)
            return {"picture": base64.b64encode(picture).decode()}
        return {"document": asdict(read_document(data, request["name"], options))}
    except DocumentError as error:
        return {"reason": error.reason, "values": error.values}
    except ImportError as error:
        return {"reason": "install", "values": {"why": _first_line(error)}}
    except MemoryError:
        return {"reason": "memory", "values": {}}
    except RecursionError:
        return {"reason": "damaged", "values": {"why": "its parts are nested without end"}}
    except Exception as error:
        # Whatever a library stumbles over: the file is at fault as far as its owner can tell.
        return {"reason": "damaged", "values": {"why": _first_line(error)}}


def _first_line(error: Exception) -> str:
    words = " ".join(str(error).split())[:120].rstrip(".")
    return words or type(error).__name__


if __name__ == "__main__":
    main()
