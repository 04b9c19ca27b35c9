"""The manifest and the texts it names, read and checked before anything is built."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from assistant.errors import CorpusError
from assistant.files import corpus_hash, replace_text
from assistant.retrieval.figures import figures
from assistant.retrieval.glossary import Glossary
from assistant.types import LANGUAGES, Kind, Source, Translation, other_language

from .guides import read_guide

_REQUIRED = (
    "id title_en title_zh author publisher date language url licence kind text sha256".split()
)
_OPTIONAL = "note_en note_zh translation translation_sha256 translation_by".split()
# Which key of the manifest holds the hash of which file.
_HASHED = (("text", "sha256"), ("translation", "translation_sha256"))
# A limit: ids stand in addresses, in names of folders and before the dot of passage ids.
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")


@dataclass(frozen=True, slots=True)
class Corpus:
    """All sources with the hash of everything that was read, guides and glossary included."""

    sources: tuple[Source, ...]
    glossary: Path
    hash: str


def read_corpus(folder: Path) -> Corpus:
    """Read `sources.toml`, its texts, `guides/<source id>.toml` and the glossary.

    Raises CorpusError naming the file and what is wrong with it: absent, not UTF-8, another
    hash than the manifest's, a translation that is not aligned or holds other figures, a guide
    that says what its source does not.
    """
    manifest = folder / "sources.toml"
    rows = _manifest_rows(manifest)
    sources = tuple(_source(folder, manifest, row) for row in rows)
    ids = [source.id for source in sources]
    if doubles := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise CorpusError(f"{manifest}: the id {doubles[0]!r} stands twice. Ids must differ.")
    path = folder / "glossary.tsv"
    glossary = _read_glossary(path)
    guides = folder / "guides"
    if strays := sorted({guide.stem for guide in guides.glob("*.toml")} - set(ids)):
        raise CorpusError(
            f"The guide {guides / strays[0]}.toml belongs to no source of {manifest}. "
            "Name it after a source's id, or take it out."
        )
    sources = tuple(
        replace(source, guide=read_guide(guides / f"{source.id}.toml", source, glossary))
        for source in sources
    )
    return Corpus(sources, path, corpus_hash(folder))


def check_translation(source: Source, translation: Translation) -> None:
    """Raise CorpusError unless the translation is aligned with its source line by line.

    Both need the same number of lines, headings and blank lines in the same places, and in
    each line the same figures.
    """
    ours, theirs = source.text.split("\n"), translation.text.split("\n")
    if len(ours) != len(theirs):
        raise CorpusError(
            f"{source.id}: the text has {len(ours)} lines and its translation {len(theirs)}. "
            "Align them line by line."
        )
    for number, (line, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        if fault := line_fault(line, other):
            raise CorpusError(
                f"{source.id}, line {number}: {fault}. Correct the text or its translation. "
                "Align them line by line."
            )


def line_fault(line: str, other: str) -> str:
    """Why `other` cannot be the aligned translation of a line; "" when it can."""
    if bool(line.strip()) != bool(other.strip()) or (line[:1] == "#") != (other[:1] == "#"):
        return "it is a sentence, a heading or blank on one side only"
    ours, theirs = figures(line), figures(other)
    for side, alone in (("text", ours - theirs), ("translation", theirs - ours)):
        if alone:
            stand = "the figure {} stands" if len(alone) == 1 else "the figures {} stand"
            return f"{stand.format(', '.join(sorted(alone)))} only in the {side}"
    return ""


def rehash(folder: Path) -> list[str]:
    """Write the texts' present hashes into the manifest; returns the names of changed files.

    A source without a hash gets one. Raises CorpusError when a file cannot be read or written.
    """
    manifest = folder / "sources.toml"
    changed = []
    document = _editable(manifest)
    for row in document["source"]:
        for file_key, hash_key in _HASHED:
            if isinstance(file := row.get(file_key), str):
                now = hashlib.sha256(_bytes(folder / file)).hexdigest()
                if row.get(hash_key) != now:
                    row[hash_key] = now
                    changed.append(file)
    if changed:
        _write(manifest, document, "--rehash")
    return changed


def add_translation(folder: Path, source: Source, file: str, made_by: str) -> None:
    """Name a file below the folder as a source's translation; nothing else of the manifest changes.

    Raises CorpusError when the source has a translation or another text by then, or when the
    manifest cannot be read or written.
    """
    manifest = folder / "sources.toml"
    document = _editable(manifest)
    row = next((row for row in document["source"] if row.get("id") == source.id), None)
    if row is None or "translation" in row or row.get("sha256") != source.sha256:
        raise CorpusError(
            f"{manifest}: the entry {source.id!r} was changed in the meantime. "
            "Run `python -m ingest --translate` again."
        )
    _read(folder / row.get("text", ""), source.sha256, f"{manifest}: source {source.id!r}")
    row["translation"] = file
    row["translation_sha256"] = hashlib.sha256(_bytes(folder / file)).hexdigest()
    row["translation_by"] = made_by
    _write(manifest, document, "--translate")


def _editable(manifest: Path) -> Any:
    """The manifest, which keeps its comments and its order when it is written again."""
    import tomlkit

    _manifest_rows(manifest)
    return tomlkit.parse(manifest.read_text(encoding="utf-8-sig"))


def _write(manifest: Path, document: Any, option: str) -> None:
    import tomlkit

    try:
        replace_text(manifest, tomlkit.dumps(document))
    except OSError as error:
        raise CorpusError(
            f"The manifest {manifest} cannot be written ({error.strerror}). "
            f"Mend that, then run `python -m ingest {option}` again."
        ) from error


def _read_glossary(path: Path) -> Glossary:
    try:
        return Glossary.read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"The glossary {path} cannot be read ({error}). Mend it.") from error


def _manifest_rows(manifest: Path) -> list[dict[str, Any]]:
    try:
        data = tomllib.loads(manifest.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise CorpusError(
            f"There is no manifest {manifest}. Set ASSISTANT_CORPUS to the folder that holds "
            "sources.toml."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"The manifest {manifest} cannot be read ({error}). Mend it.") from error
    rows = data.get("source")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise CorpusError(f"The manifest {manifest} lists no [[source]]. Add one.")
    return rows


def _source(folder: Path, manifest: Path, row: dict[str, Any]) -> Source:
    name = row.get("id", "without id")
    where = f"{manifest}: source {name!r}"
    known = _REQUIRED + _OPTIONAL
    faults = [f"lacks {key!r}" for key in _REQUIRED if key not in row]
    faults += [f"has the unknown key {key!r}" for key in sorted(row) if key not in known]
    faults += [f"needs a text for {key!r}" for key in row if not isinstance(row[key], str)]
    if faults:
        fault = faults[0]
        raise CorpusError(f"{where} {fault}. The keys are: {', '.join(known)}.")
    if row["language"] not in LANGUAGES or row["kind"] not in get_args(Kind):
        raise CorpusError(f"{where}: language must be en or zh, kind one of {get_args(Kind)}.")
    if not ID.fullmatch(row["id"]):
        raise CorpusError(f"{where}: an id is made of a-z, 0-9 and hyphens, 61 at most.")
    text = _read(folder / row["text"], row["sha256"], where)
    shared = {key: row[key] for key in row if key not in ("text", *_OPTIONAL)}
    notes = {key: row.get(key, "") for key in ("note_en", "note_zh")}
    source = Source(**shared, **notes, text=text)
    if "translation" not in row:
        return source
    translation = Translation(
        language=other_language(source.language),
        text=_read(folder / row["translation"], row.get("translation_sha256", ""), where),
        made_by=row.get("translation_by", ""),
    )
    try:
        check_translation(source, translation)
    except CorpusError as error:
        raise CorpusError(f"{folder / row['translation']}: {error}") from error
    return Source(**shared, **notes, text=text, translation=translation)


def _read(path: Path, sha256: str, where: str) -> str:
    data = _bytes(path, where)
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise CorpusError(
            f"{where}: {path.name} has the sha256 {actual[:12]}…, the manifest says "
            f"{sha256[:12] or 'nothing'}…. Restore the file, or run `python -m ingest --rehash` "
            "if the change was meant."
        )
    try:
        text = data.decode("utf-8-sig")  # a byte order mark would hide a heading's "#"
    except UnicodeDecodeError as error:
        raise CorpusError(f"{where}: {path.name} is not UTF-8 ({error}). Convert it.") from error
    if not text.strip():
        raise CorpusError(f"{where}: {path.name} is empty. Fill it or take it out.")
    return text


def _bytes(path: Path, where: str = "the manifest") -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"{where} names {path}, which cannot be read ({error.strerror}). Restore the file or "
            "take its entry out."
        ) from error
