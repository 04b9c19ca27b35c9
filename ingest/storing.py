"""The store, open to be changed: one transaction that is whole or not there.

What must be outside it follows these rules. Vectors go into Chroma before the transaction ends,
under numbers that were never used; those that it makes superfluous are noted in it and go
afterwards. Files that users added are written before, under their hashes. Where a process was
killed, the next change sweeps what nothing in the store speaks of.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from assistant.errors import IndexError_
from assistant.files import replace_bytes
from assistant.retrieval.chroma import Vectors
from assistant.retrieval.index import surfaces
from assistant.retrieval.language import terms
from assistant.retrieval.store import (
    APPLICATION,
    COUNTED,
    FORMAT,
    OWN_PLACE,
    SCHEMA,
    Tables,
    Vector,
    check_format,
    originals_directory,
    packed,
    read_passage,
    read_source,
    store_errors,
    store_path,
    unpacked,
    unpacked_vector,
)
from assistant.settings import Settings
from assistant.types import LANGUAGES, Language, Passage, Source

from .origins import Origin
from .preparing import text_hash
from .refusing import DocumentError
from .rows import SurfaceRow, surface_texts, words_in


class Change(Tables):
    """The store during a change; made by `open_change`."""

    def __init__(
        self, settings: Settings, connection: sqlite3.Connection, *, dry_run: bool
    ) -> None:
        """Keep the opened parts."""
        self.settings = settings
        self.path = store_path(settings.home)
        self.vectors = Vectors(settings)
        self.dry_run = dry_run
        self._connection = connection
        self._counted: Counter[str] = Counter()

    # The transaction

    def begin(self) -> None:
        """Begin a transaction, and note that there is one."""
        if not self.dry_run:
            last = self.rows(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'surface'"
            )
            self.set_meta(unfinished=str(last[0][0]))
        self.run("BEGIN IMMEDIATE")

    def keep(self) -> None:
        """Make what was changed so far final, and go on."""
        self._commit()
        self.begin()

    def end(self, *, keep: bool) -> None:
        """End the transaction: make it final, or take everything back."""
        if keep:
            self._commit()
        else:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if not self.dry_run:
                with suppress(IndexError_, OSError):
                    self.sweep()
        if not self.dry_run:
            with suppress(IndexError_):
                # Else it would wait 20 s for whoever is reading; it comes at the next change.
                self.run("PRAGMA busy_timeout = 0")
                self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def _commit(self) -> None:
        if self.dry_run:
            self.run("ROLLBACK")
            return
        self.run("DELETE FROM meta WHERE key = 'unfinished'")
        self.run("COMMIT")
        with suppress(IndexError_, OSError):  # what cannot go now goes with the next change
            self.tidy()

    def sweep(self) -> None:
        """Take away what a change left behind that did not come to its end."""
        unfinished = self.meta("unfinished")
        if unfinished:
            # Vectors that cannot be reached now are made anew when they are next needed.
            if self.meta("collection"):
                with suppress(IndexError_, OSError):
                    self.sweep_vectors(int(unfinished))
            self._sweep_originals()
        self.tidy()
        self.run("DELETE FROM meta WHERE key = 'unfinished'")

    def sweep_vectors(self, last: int) -> None:
        """Take away vectors beyond a number that belong to no surface."""
        collection = self.meta("collection")
        # Opened anew, Chroma takes in what a killed process had noted down and no more.
        self.vectors.close()
        beyond = self.vectors.after(collection, last)
        live = {n for (n,) in self.rows("SELECT n FROM surface WHERE n > ?", [last])}
        self.vectors.delete(collection, [n for n in beyond if n not in live])
        self.vectors.keep_only(collection, self.family)

    def tidy(self) -> None:
        """Take away vectors and files that nothing needs any more."""
        dead = [n for (n,) in self.rows("SELECT n FROM dead")]
        if dead:
            self.vectors.delete(self.meta("collection"), dead)
            self.vectors.keep_only(self.meta("collection"), self.family)
            self.run("DELETE FROM dead")
        strays = self.rows(
            "SELECT original FROM stray WHERE original NOT IN (SELECT original FROM document)"
        )
        for (name,) in strays:
            (originals_directory(self.settings.home) / name).unlink(missing_ok=True)
        self.run("DELETE FROM stray")

    def left_over(self) -> bool:
        """Whether there is something to sweep."""
        return bool(self.meta("unfinished") or self.rows("SELECT 1 FROM dead LIMIT 1"))

    def _sweep_originals(self) -> None:
        known = {name for (name,) in self.rows("SELECT original FROM document")}
        for path in originals_directory(self.settings.home).glob("*"):
            if path.name not in known:
                path.unlink(missing_ok=True)

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Execute a statement."""
        with store_errors(self.path):
            self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute a statement once a row."""
        with store_errors(self.path):
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """As `Tables.rows`."""
        with store_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def set_meta(self, **values: str) -> None:
        """Keep values under their names; `_` stands for `-`."""
        rows = [(key.replace("_", "-"), value) for key, value in values.items()]
        self.run_many("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    @property
    def family(self) -> str:
        """What the names of this store's collections begin with."""
        return f"passages-{self.meta('store')}-"

    def new_collection(self) -> str:
        """The name of a new collection, which is there and empty."""
        name = f"{self.family}{uuid4().hex[:8]}"
        self.vectors.add(name, [])
        return name

    # Texts

    def put_text(self, sha256: str, text: str) -> None:
        """Keep a text by its hash."""
        self.run("INSERT OR IGNORE INTO text VALUES (?, ?)", [sha256, text])

    def _drop_texts(self, hashes: Collection[str]) -> None:
        for sha256 in hashes:
            self.run(
                "DELETE FROM text WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM document WHERE "
                "text = ?1) AND NOT EXISTS (SELECT 1 FROM source WHERE text = ?1) AND NOT EXISTS "
                "(SELECT 1 FROM source WHERE translation = ?1)",
                [sha256],
            )

    # Documents

    def put_document(
        self, id_: str, entry: str, hash_: str, *, text: str, sha256: str, boxes: str,
        original: str, data: bytes | None, replaces: str,
    ) -> None:  # fmt: skip
        """Keep a document that a user added, in the place of the one of that id if there is one.

        data: the bytes as they came; None where they are kept already.
        """
        before = self.rows("SELECT text, original FROM document WHERE id = ?", [id_])
        if data is not None and not self.dry_run:
            folder = originals_directory(self.settings.home)
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / original).is_file():
                replace_bytes(folder / original, data)
        self.put_text(sha256, text)
        self.run(
            "INSERT INTO document VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE "
            "SET text = ?2, original = ?3, hash = ?4, replaces = ?5, entry = ?6, boxes = ?7",
            [id_, sha256, original, hash_, replaces, entry, boxes],
        )
        self.run("DELETE FROM stray WHERE original = ?", [original])
        self._leave(before)

    def put_origins(self, id_: str, origins: Sequence[Origin]) -> None:
        """Keep these as the names that a document came under, and no others."""
        self.run("DELETE FROM origin WHERE document = ?", [id_])
        self.run_many(
            "INSERT INTO origin VALUES (?, ?, ?, ?, ?, ?)",
            [(id_, o.kind, o.name, o.place, o.folder, o.write()) for o in origins],
        )

    def remove_document(self, id_: str) -> None:
        """Take a document out, with its origins."""
        before = self.rows("SELECT text, original FROM document WHERE id = ?", [id_])
        self.run("DELETE FROM document WHERE id = ?", [id_])
        self.run("DELETE FROM origin WHERE document = ?", [id_])
        self._leave(before)

    def _leave(self, before: Sequence[tuple[str, str]]) -> None:
        """Drop texts and note originals that a document had, where nothing else has them."""
        self._drop_texts([text for text, _ in before])
        for _, original in before:
            self.run(
                "INSERT OR IGNORE INTO stray SELECT ?1 WHERE NOT EXISTS "
                "(SELECT 1 FROM document WHERE original = ?1)",
                [original],
            )

    # What is indexed

    def known_vectors(
        self, id_: str
    ) -> tuple[dict[tuple[Language, str], Vector], dict[tuple[Language, str], Vector]]:
        """The vectors of an indexed source by language and words.

        Those of the first encoder, and those of the second, which has sentences alone.
        """
        first: dict[tuple[Language, str], Vector] = {}
        second: dict[tuple[Language, str], Vector] = {}
        for source, n in self._indexed(id_):
            for passage, rows in self._passages(n):
                for text in surface_texts(source, passage):
                    _, vector, others, sentences = rows[text.language]
                    vectors = [unpacked_vector(vector), *unpacked(sentences)]
                    first.update(zip(text.keys, vectors, strict=False))
                    second.update(zip(text.keys[1:], unpacked(others), strict=False))
        return first, second

    def _indexed(self, id_: str) -> Iterator[tuple[Source, int]]:
        for n, record, text, translated in self.rows(
            "SELECT n, record, text, translation FROM source WHERE id = ?", [id_]
        ):
            source = read_source(record)
            translation = source.translation
            if translation is not None:
                translation = replace(translation, text=self.text(translated))
            yield replace(source, text=self.text(text), translation=translation), n

    def _passages(
        self, source: int
    ) -> Iterator[tuple[Passage, dict[str, tuple[int, bytes, bytes, bytes]]]]:
        for n, record in self.rows("SELECT n, record FROM passage WHERE source = ?", [source]):
            rows = self.rows(
                "SELECT language, n, vector, second, sentences FROM surface WHERE passage = ?", [n]
            )
            yield read_passage(record), {language: tuple(row) for language, *row in rows}

    def remove_source(self, id_: str) -> None:
        """Take a source out of what is indexed."""
        for source, n in self._indexed(id_):
            for passage, rows in self._passages(n):
                for text in surface_texts(source, passage):
                    self._count_terms(rows[text.language][0], text.language, text.whole, sign=-1)
                self._count(source, passage, sign=-1)
            self._count_words(source, sign=-1)
            self._counted["sources"] -= 1
            hashes = self.rows("SELECT text, translation FROM source WHERE n = ?", [n])
            self.run("INSERT INTO dead SELECT n FROM surface WHERE source = ?", [n])
            for table in ("surface", "passage"):
                self.run(f"DELETE FROM {table} WHERE source = ?", [n])
            self.run("DELETE FROM source WHERE n = ?", [n])
            self._drop_texts([sha256 for row in hashes for sha256 in row if sha256])

    def put_source(
        self,
        source: Source,
        hash_: str,
        place: int | None,
        passages: Sequence[tuple[Passage, Sequence[SurfaceRow]]],
        collection: str,
    ) -> None:
        """Index a source, in the place of the one of that id if there is one.

        place: among those that came along; None for a document that a user added.
        """
        before = self.rows("SELECT place FROM source WHERE id = ?", [source.id])
        self.remove_source(source.id)
        if place is None:
            place = before[0][0] if before else self._next_place()
        translation = source.translation
        translated = text_hash(translation.text) if translation else ""
        bare = replace(
            source, text="", translation=replace(translation, text="") if translation else None
        )
        self.put_text(source.sha256, source.text)
        if translation:
            self.put_text(translated, translation.text)
        number = self._insert(
            "INSERT INTO source (id, place, hash, text, translation, record, passages) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                source.id, place, hash_, source.sha256, translated,
                json.dumps(asdict(bare), ensure_ascii=False), len(passages),
            ],
        )  # fmt: skip
        vectors = []
        for passage, rows in passages:
            passage_number = self._insert(
                "INSERT INTO passage (id, source, record) VALUES (?, ?, ?)",
                [passage.id, number, json.dumps(asdict(passage), ensure_ascii=False)],
            )
            self._count(source, passage, sign=1)
            for row in rows:
                n = self._insert(
                    "INSERT INTO surface (passage, source, language, vector, second, sentences) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        passage_number, number, row.text.language,
                        row.vector.astype("float16").tobytes(),
                        b"" if row.second is None else packed(row.second), packed(row.sentences),
                    ],
                )  # fmt: skip
                self._count_terms(n, row.text.language, row.text.whole, sign=1)
                vectors.append((n, source.id, row.text.language, row.vector))
        self._count_words(source, sign=1)
        self._counted["sources"] += 1
        self.vectors.add(collection, vectors)

    def _count(self, source: Source, passage: Passage, *, sign: int) -> None:
        self._counted[f"passages-{source.language}"] += sign
        self._counted["sentences"] += sign * len(passage.sentences)
        for language in surfaces(passage):
            self._counted[f"surfaces-{language}"] += sign

    def _insert(self, sql: str, values: Sequence[object]) -> int:
        with store_errors(self.path):
            number = self._connection.execute(sql, values).lastrowid
        assert number is not None
        return number

    def _next_place(self) -> int:
        (last,) = self.rows("SELECT max(place) FROM source")[0]
        return max(last or 0, OWN_PLACE) + 1

    def _count_terms(self, n: int, language: Language, text: str, *, sign: int) -> None:
        """Put a surface into the lexical index, or take it out."""
        found = terms(text, language)
        table = f"words_{language}"
        if sign > 0:
            self.run(f"INSERT INTO {table} (rowid, terms) VALUES (?, ?)", [n, " ".join(found)])
        else:
            # An index that keeps no texts must be told what it is to forget.
            self.run(
                f"INSERT INTO {table} ({table}, rowid, terms) VALUES ('delete', ?, ?)",
                [n, " ".join(found)],
            )
        self.run_many(
            "INSERT INTO term VALUES (?1, ?2, ?3) "
            "ON CONFLICT (language, term) DO UPDATE SET count = count + ?3",
            [(language, term, sign) for term in dict.fromkeys(found)],
        )

    def _count_words(self, source: Source, *, sign: int) -> None:
        self.run_many(
            "INSERT INTO word VALUES (?1, lower(?1), ?2, ?3) "
            "ON CONFLICT (written) DO UPDATE SET count = count + ?3",
            [(word, sound, sign * count) for (word, sound), count in words_in(source).items()],
        )

    def clear_index(self) -> None:
        """Take everything out of what is indexed; the documents stay."""
        self.run("INSERT OR IGNORE INTO dead SELECT n FROM surface")
        for table in ("source", "passage", "surface", "term", "word"):
            self.run(f"DELETE FROM {table}")
        for language in LANGUAGES:
            self.run(f"INSERT INTO words_{language} (words_{language}) VALUES ('delete-all')")
        self.run("DELETE FROM meta WHERE key GLOB 'count-*'")
        self._counted.clear()

    def finish_index(self, **meta: str) -> None:
        """Note what the new state is."""
        self.run("DELETE FROM term WHERE count <= 0")
        self.run("DELETE FROM word WHERE count <= 0")
        for what in COUNTED:
            before = int(self.meta(f"count-{what}") or 0)
            self.set_meta(**{f"count-{what}": str(before + self._counted[what])})
        self._counted.clear()
        self.set_meta(id=f"{self.meta('store')[:6]}-{uuid4().hex[:10]}", **meta)


def lock_path(settings: Settings) -> Path:
    """What whoever changes the store holds."""
    return settings.home / "store.lock"


@contextmanager
def open_change(
    settings: Settings, *, dry_run: bool = False, wait_s: float = -1
) -> Iterator[Change]:
    """The store, to be changed; whoever else wants to change it waits.

    wait_s: how long to wait for others, -1 for as long as it takes; then it raises DocumentError.
    What the block changed becomes final at its end, all of it, or not at all when it raises. With
    `dry_run` nothing changes in the end. Raises IndexDamagedError or IndexMismatchError.
    """
    path = store_path(settings.home)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_path(settings))
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise DocumentError("busy", str(settings.home)) from error
    except OSError as error:
        raise DocumentError("disk", str(settings.home), why=error.strerror or str(error)) from error
    try:
        with _connection(path) as connection:
            change = Change(settings, connection, dry_run=dry_run)
            if change.meta("unfinished") or change.left_over():
                change.sweep()
            change.begin()
            try:
                yield change
            except BaseException:
                change.end(keep=False)
                raise
            change.end(keep=True)
    finally:
        lock.release()


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    with store_errors(path):
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=20
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                connection.executescript(
                    f"BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION}; "
                    f"PRAGMA user_version = {FORMAT}; "
                    f"INSERT INTO meta VALUES ('store', '{uuid4().hex[:12]}'); COMMIT;"
                )
            check_format(connection, path)
            yield connection
        finally:
            connection.close()
