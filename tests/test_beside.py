"""Documents beside each other: what is looked through, and what a chat model gets of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest

from assistant import Settings
from assistant.quoting.reader import Reader
from assistant.quoting.searching import SHOWN_TOKENS, Searcher
from assistant.retrieval.language import estimated_tokens
from ingest.build import build_index

from .tiny import FakeEmbeddings, opened, write_corpus

_MORE = " It is told of it in the harbour that nobody on board ever cared for the weather, " * 2
LINES = {
    "north": [f"Boat {n} of the north paid for a licence.{_MORE}" for n in range(250)],
    "south": [f"Boat {n} of the south sailed away at once.{_MORE}" for n in range(250)],
    "islet": ["Our licence is free.", "We have two boats."],
}


@pytest.fixture
def searcher(tiny: Settings) -> Iterator[Searcher]:
    """Searches two long documents and a short one, none of whose passages is near to anything."""
    write_corpus(tiny.corpus, {id_: ("\n\n".join(said), None) for id_, said in LINES.items()})
    build_index(tiny)
    with closing(opened(tiny)) as index:
        # What is looked for here needs no reader.
        yield Searcher(tiny, index, FakeEmbeddings(tiny), cast(Reader, None))


def test_a_short_document_is_not_crowded_out_by_long_ones(searcher: Searcher) -> None:
    scope = list(searcher._index.sources.values())
    looked = searcher.by_document("licence", "en", scope, each=2, strictly=True)
    assert set(looked.said) == {"north", "islet"}


def test_a_chat_model_gets_as_much_of_each_document_as_there_is_room_for(
    searcher: Searcher,
) -> None:
    scope = list(searcher._index.sources.values())
    looked = searcher.by_document("licence", "en", scope, each=2, strictly=True)
    said = {choice.passage.id for mine in looked.said.values() for choice in mine}
    assert {passage.id for passage in looked.shown[: len(said)]} == said
    counts = Counter(passage.source_id for passage in looked.shown)
    assert counts["islet"] == 2
    assert min(counts["north"], counts["south"]) >= 10
    shown = sum(estimated_tokens(passage.text) for passage in looked.shown)
    assert 0.95 * SHOWN_TOKENS < shown <= SHOWN_TOKENS
