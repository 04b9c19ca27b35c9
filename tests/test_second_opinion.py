"""The second encoder's opinion: which texts have one, what it changes, and doing without it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import metadata

import pytest

from assistant.errors import ModelError
from assistant.evaluation.indexes import untranslated_settings
from assistant.retrieval import ranking
from assistant.retrieval.index import Index
from assistant.retrieval.ranking import Query, make_query, rank
from assistant.retrieval.second_encoder import SecondEncoder, second_encoder
from assistant.settings import Settings
from assistant.types import Hit, Language
from ingest import add_file, build_index, examine, pending_changes, remove_source

from .test_library import texts_embedded
from .tiny import CHINESE, ENGLISH, FakeEmbeddings, answers, opened, write_corpus

LINES = ["The mill is old.", "Rent is low there.", "A bridge was built.", "Bees dance."]
TEXTS = {f"t{n}": (f"{line}\n", None) for n, line in enumerate(LINES)}


@pytest.fixture
def second(built: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A list that fills with what the second encoder embeds from now on."""
    embedded: list[str] = []
    embed = SecondEncoder.embed_as_is

    def watched(self: SecondEncoder, texts: Sequence[str]) -> object:
        embedded.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(SecondEncoder, "embed_as_is", watched)
    second_encoder.cache_clear()
    ranking._warn.cache_clear()
    yield embedded
    second_encoder.cache_clear()


@contextmanager
def broken() -> Iterator[None]:
    """As if the package were damaged."""

    def fail(_: SecondEncoder) -> None:
        raise ModelError("The second encoder cannot be loaded. Install it anew.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SecondEncoder, "_encoder", fail)
        yield


def found(settings: Settings, text: str, language: Language) -> list[Hit]:
    with closing(opened(settings)) as index:
        return rank(index, query_of(index, text, language), count=20)


def query_of(index: Index, text: str, language: Language) -> Query:
    return make_query(index, text, language, FakeEmbeddings(Settings()).embed_query(text))


def best(hits: Sequence[Hit]) -> str:
    return hits[0].passage.text


def test_only_texts_without_a_translation_have_one(built: Settings) -> None:
    with closing(opened(built)) as index:
        rows = index.store.rows(
            "SELECT o.id, s.second != x'' FROM surface s JOIN source o ON o.n = s.source"
        )
        assert index.info.second == second_encoder().fingerprint
    assert set(rows) == {("firms", 0), ("alone", 1)}
    write_corpus(built.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\n", "一。\n")})
    assert build_index(built).second == ""


def test_it_decides_between_languages_which_text_takes_the_best_place(
    built: Settings, second: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(built.corpus, TEXTS)
    build_index(built)
    monkeypatch.setattr(ranking, "LEXICAL_WEIGHT", 0.0)
    places = [hit.score for hit in found(built, LINES[0], "zh")]
    # Of the same words, both fakes give the same vector but for the language's mean.
    firsts = set()
    for weight in (-10.0, 10.0):
        monkeypatch.setattr(ranking, "SECOND_WEIGHT", weight)
        hits = found(built, LINES[0], "zh")
        firsts.add(best(hits))
        assert [hit.score for hit in hits] == places
        assert sorted(hit.passage.text for hit in hits) == sorted(LINES)
    assert LINES[0] in firsts
    assert len(firsts) == 2


def test_it_is_asked_only_for_a_text_in_the_other_language(
    built: Settings, second: list[str]
) -> None:
    found(built, "One.", "en")
    assert second == []
    found(built, "One.", "zh")
    assert second == ["One."]


def test_it_is_asked_once_a_question(built: Settings, second: list[str]) -> None:
    with closing(opened(built)) as index:
        query = query_of(index, "两家企业", "zh")
        for sources in (None, ["alone"], ["alone", "firms"]):
            rank(index, query, count=3, sources=sources)
    assert second == ["两家企业"]


def test_translated_texts_keep_their_places(built: Settings, second: list[str]) -> None:
    before = [hit for hit in found(built, "有16亿元", "zh") if hit.passage.source_id == "firms"]
    with broken():
        after = [hit for hit in found(built, "有16亿元", "zh") if hit.passage.source_id == "firms"]
    assert before == after


def test_what_is_unchanged_is_not_embedded_again(built: Settings, second: list[str]) -> None:
    write_corpus(built.corpus, {"firms": (ENGLISH, CHINESE), "alone": ("One.\nTwo.\n", None)})
    build_index(built)
    assert second == ["Two."]
    build_index(built, force=True)
    assert second == ["Two.", "One.", "Two."]


def test_another_version_is_a_reason_to_embed_those_texts_anew(
    built: Settings, second: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = texts_embedded(monkeypatch)
    monkeypatch.setattr(metadata, "version", lambda _: "9.9")
    (reason,) = pending_changes(built).reasons
    assert reason.startswith("second encoder use-multilingual-v3-")
    assert reason.endswith(" becomes use-multilingual-v3-9.9-1")
    # Until then, nothing is compared with what another version made.
    found(built, "One.", "zh")
    assert second == []
    build_index(built)
    assert (second, first) == (["One."], [])
    assert not pending_changes(built)
    found(built, "One.", "zh")
    assert second == ["One.", "One."]


def test_without_it_such_a_text_is_not_added_and_all_else_stays(
    built: Settings, second: list[str]
) -> None:
    added = add_file(built, b"The mill is old.\n", "mill.txt")
    with broken(), pytest.raises(ModelError, match="Install it anew"):
        build_index(built)
    assert answers(built)
    with broken():
        remove_source(built, added.id)
        write_corpus(built.corpus, {"firms": (ENGLISH + "New.\n", CHINESE + "新。\n")})
        build_index(built)
    assert answers(built)


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_without_it_answers_go_on_and_it_is_said_once(
    built: Settings,
    second: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setattr(ranking, "SECOND_WEIGHT", 0.0)
    wanted = found(built, "有16亿元", "zh")
    if how == "missing":
        monkeypatch.setattr(metadata, "version", _missing)
        second_encoder.cache_clear()
    with broken(), caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert found(built, "有16亿元", "zh") == wanted
        (said,) = (finding for finding in examine(built) if finding.check == "second")
    assert said.status == "fail"
    assert "Install it anew" in said.said
    assert [record.message for record in caplog.records] == [
        "The second encoder cannot be loaded. Install it anew. "
        "Until then, what has no translation is found less surely."
    ]


def _missing(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


def test_the_doctor_tries_it_only_where_the_index_needs_it(
    built: Settings, second: list[str]
) -> None:
    (well,) = (finding for finding in examine(built) if finding.check == "second")
    assert (well.status, len(second)) == ("ok", 1)
    write_corpus(built.corpus, {"firms": (ENGLISH, CHINESE)})
    build_index(built)
    with broken():
        assert not [finding for finding in examine(built) if finding.check == "second"]


def test_the_corpus_can_be_evaluated_without_its_translations(built: Settings) -> None:
    bare = untranslated_settings(built)
    with closing(opened(bare)) as index:
        assert list(index.records) == ["firms", "alone"]
        assert not any(source.translation for source in index.all_records)
        assert index.info.second == second_encoder().fingerprint
    with closing(opened(built)) as index:
        assert index.all_records[0].translation is not None
