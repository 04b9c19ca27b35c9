"""The documents tab: what is indexed, adding and removing, with progress and per-file errors."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ingest import DocumentError

from .. import AssistantError
from ..types import Language
from .admission import FullError, Lane
from .documents import (
    WAIT_S,
    BuildFacts,
    DocumentRow,
    Outcome,
    Progress,
    add_addresses,
    add_documents,
    build_facts,
    document_rows,
    fetch_addresses,
    remove_documents,
)
from .hosting import AssistantHost
from .labels import ANSWER, PAGE
from .page import Parts, gradio
from .uploads import MOST_FILES, Uploads

# Of one change: ten addresses take ten minutes at most, and 200 MB of memory.
MOST_ADDRESSES = 10
# Each that is not there takes a reading of the corpus (36 ms): four seconds at most.
MOST_REMOVED = 100
# Who is the ninth to wait would wait for longer than WAIT_S.
_WAITING = 8
# How often the page is told how far the work is, in seconds: as its bar moves.
_TICK_S = 0.3


class DocumentsTab:
    """The tab's handlers, over one host."""

    def __init__(self, host: AssistantHost, uploads: Uploads) -> None:
        """Keep both."""
        self._host, self._uploads = host, uploads
        # Neither changes nor fetching take threads that answers need, or wait for each other.
        self._changes = Lane(threads=1, waiting=_WAITING, wait_s=WAIT_S)
        self._fetches = Lane(threads=2, waiting=_WAITING, wait_s=WAIT_S)

    def wire(self, p: Parts) -> None:
        """Say what happens when; called inside the page's block."""
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        shown = [p.done, p.documents, p.removable, p.sources]
        added = [*shown, p.files, p.password]
        # Gradio would leave an empty file on the disk for each that it hands over itself.
        given = [p.files, p.password, p.ui]
        p.add.click(self.add, given, added, preprocess=False, **private)
        typed = [p.addresses, p.ui]
        p.fetch.click(self.fetch, typed, [*shown, p.addresses], **private)
        # A server that was restarted meanwhile knows no choices.
        p.remove.click(self.remove, [p.removable, p.ui], shown, preprocess=False, **private)
        p.tabs[1].select(self.show, [p.ui], shown[1:], **private)

    async def show(self, ui: Language) -> list[Any]:
        """The table, what can be removed, and what can be searched."""
        await self._host.ready()
        table, removable, searched = self._shown(ui)
        # What is ticked while this is under way stays ticked.
        removable.pop("value")
        return [table, removable, searched]

    async def add(
        self, files: Sequence[Mapping[str, Any]] | None, password: str, ui: Language
    ) -> AsyncIterator[Any]:
        """Progress while uploaded files are added, then what became of each of them.

        Those that want a password, or another one, stay chosen; the others are not kept.
        """
        gr = gradio()
        files = files or []
        if not _is_some(files, MOST_FILES, "no_files", ui):
            yield [gr.skip()] * 6
            return
        paths = [str(file["path"]) for file in files]
        named = [(Path(path).name, Path(path)) for path in paths]
        done: list[str] = []

        async def work(progress: Progress) -> Sequence[Outcome]:
            outcomes = await self._changes.run(
                add_documents, self._host, named, progress, language=ui, password=password or ""
            )
            ended = zip(paths, outcomes, strict=True)
            done.extend(path for path, outcome in ended if not outcome.locked)
            return outcomes

        async for shown in self._run(work, "adding", ui):
            yield [*shown, gr.skip(), gr.skip()]
        for path in done:
            self._uploads.drop(path)
        yield [*[gr.skip()] * 4, [path for path in paths if path not in done] or None, ""]

    async def fetch(self, typed: str, ui: Language) -> AsyncIterator[Any]:
        """Progress while documents of the web are added, then what became of each of them."""
        gr = gradio()
        addresses = list(dict.fromkeys((typed or "").split()))
        if not _is_some(addresses, MOST_ADDRESSES, "no_addresses", ui):
            yield [gr.skip()] * 5
            return

        done: list[Outcome] = []

        async def work(progress: Progress) -> Sequence[Outcome]:
            fetched = await self._fetches.run(fetch_addresses, self._host, addresses, progress)
            done.extend(
                await self._changes.run(add_addresses, self._host, fetched, progress, language=ui)
            )
            return done

        async for shown in self._run(work, "adding", ui):
            yield [*shown, gr.skip()]
        yield [*[gr.skip()] * 4, "" if done else gr.skip()]

    async def remove(self, ids: Sequence[str], ui: Language) -> AsyncIterator[Any]:
        """Progress while documents are removed, then what became of each of them."""
        gr = gradio()
        if not _is_some(ids or [], MOST_REMOVED, "nothing_chosen", ui):
            yield [gr.skip()] * 4
            return

        async def work(progress: Progress) -> Sequence[Outcome]:
            return await self._changes.run(remove_documents, self._host, ids, progress, language=ui)

        async for shown in self._run(work, "removing", ui):
            yield shown

    async def _run(
        self, work: Callable[[Progress], Awaitable[Sequence[Outcome]]], doing: str, ui: Language
    ) -> AsyncIterator[list[Any]]:
        gr, words = gradio(), PAGE[ui]
        stage: tuple[str, float] = ("", 0.0)

        def note(name: str, share: float) -> None:
            nonlocal stage
            stage = (name, share)

        task = asyncio.ensure_future(work(note))
        while not (await asyncio.wait({task}, timeout=_TICK_S))[0]:
            name, share = stage
            bar = f'<progress value="{share:.2f}" aria-label="{words[doing]}"></progress>'
            said = f'<p role="status">{words[doing]}: {html.escape(name)} {bar}</p>'
            yield [said, *[gr.skip()] * 3]
        try:
            lines = [_outcome(outcome) for outcome in task.result()]
        except FullError:
            lines = [_outcome(Outcome("", False, DocumentError("busy", "").said(ui)))]
        except AssistantError as error:
            lines = [_outcome(Outcome("", False, str(error)))]
        yield [f'<ul role="status">{"".join(lines)}</ul>', *self._shown(ui)]

    def _shown(self, ui: Language) -> list[Any]:
        gr = gradio()
        with self._host.use() as assistant:
            rows = document_rows(assistant)
            facts = build_facts(assistant)
            searched = [(source.title(ui), source.id) for source in assistant.sources]
        removable = [(_title(row, ui), row.id) for row in rows if row.removable]
        table = _table(rows, ui) + f'<p class="small">{_built(facts, ui)}</p>'
        return [
            table,
            gr.update(choices=removable, value=[]),
            gr.update(choices=searched, value=[id_ for _, id_ in searched]),
        ]


def _is_some(chosen: Sequence[Any], most: int, none: str, ui: Language) -> bool:
    """Whether something is chosen and not too much; otherwise the page's reader is told."""
    if chosen and len(chosen) <= most:
        return True
    gradio().Warning(PAGE[ui]["too_many"].format(n=most) if chosen else PAGE[ui][none])
    return False


def _title(row: DocumentRow, ui: Language) -> str:
    return row.title_zh if ui == "zh" else row.title_en


def _outcome(outcome: Outcome) -> str:
    kind = "done" if outcome.ok else "failed"
    return f'<li class="{kind}">{html.escape(outcome.sentence)}</li>'


def _table(rows: Sequence[DocumentRow], ui: Language) -> str:
    words, kinds = PAGE[ui], ANSWER[ui]
    keys = ("d_title", "d_language", "d_kind", "d_date", "d_passages", "d_added")
    head = "".join(f'<th scope="col">{words[key]}</th>' for key in keys)
    body = []
    for row in rows:
        link = f'<a href="/read/{quote(row.id)}?ui={ui}">{html.escape(_title(row, ui))}</a>'
        cells = (
            html.escape(words[row.language]),
            html.escape(kinds[row.kind]),
            html.escape(row.date),
            str(row.passages),
            html.escape(row.added[:10]) or words["shipped"],
        )
        rest = "".join(f"<td>{cell}</td>" for cell in cells)
        body.append(f'<tr><th scope="row">{link}</th>{rest}</tr>')
    return (
        f'<div class="scroll" lang="{ui}" tabindex="0"><table class="documents">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _built(facts: BuildFacts, ui: Language) -> str:
    when = html.escape(facts.built[:16].replace("T", " "))
    model = html.escape(facts.model)
    return PAGE[ui]["built"].format(
        when=when, model=model, sources=facts.sources, passages=facts.passages
    )
