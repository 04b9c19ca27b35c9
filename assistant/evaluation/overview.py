"""Do the sentences chosen for an overview say what the guides, written by hand, say?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from ..errors import AssistantError
from ..quoting.overview import Place, central_sentences
from ..retrieval.embeddings import model_fingerprint
from ..retrieval.index import Index, open_index
from ..settings import Settings
from ..types import Source

Choose = Callable[[Index, Source, int], Sequence[Place]]


def print_overview(settings: Settings) -> None:
    """Print, for each source with a guide, the share of its points that the sentences touch.

    As many sentences as the guide has points; a point is touched by any sentence that it cites.
    """
    with closing(open_index(settings, fingerprint=model_fingerprint(settings))) as index:
        guided = [source for source in index.sources.values() if source.guide]
        if not guided:
            raise AssistantError("No source of the index has a guide. Run `python -m ingest`.")
        print(f"{'Points touched, %':34}" + "".join(f"{name:>16}" for name in _WAYS))
        rows = [[touched(index, source, way) for way in _WAYS.values()] for source in guided]
        for source, row in zip(guided, rows, strict=True):
            _print_row(source.id, row, len(source.guide))
        points = sum(len(source.guide) for source in guided)
        _print_row("all", [sum(column) for column in zip(*rows, strict=True)], points)


def touched(index: Index, source: Source, choose: Choose) -> int:
    """How many points of the source's guide cite a chosen sentence."""
    chosen = choose(index, source, len(source.guide))
    starts = {passage.sentences[number].start for passage, number in chosen}
    return sum(any(span.start in starts for span in point.spans) for point in source.guide)


def _sentences(index: Index, source: Source) -> list[Place]:
    return [(p, n) for p in index.passages_of(source.id) for n in range(len(p.sentences))]


def _spread(index: Index, source: Source, count: int) -> list[Place]:
    places = _sentences(index, source)
    return [places[int((i + 0.5) * len(places) / count)] for i in range(count)]


_WAYS: dict[str, Choose] = {
    "first": lambda index, source, count: _sentences(index, source)[:count],
    "evenly spread": _spread,
    "central": lambda i, s, count: central_sentences(i, s, count=count, language=s.language),
}


def _print_row(name: str, row: Sequence[int], points: int) -> None:
    print(f"{f'{name} ({points})':34}" + "".join(f"{100 * n / points:16.0f}" for n in row))
