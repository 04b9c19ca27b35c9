"""Overviews of sources without a guide: sentences that stand alone, from all over the source."""

from __future__ import annotations

from contextlib import closing

import pytest

from assistant.evaluation.overview import print_overview
from assistant.quoting.overview import central_sentences
from assistant.settings import Settings
from assistant.types import Language, Passage
from ingest import build_index

from .tiny import opened, write_corpus

# The notes of a club that is in no other text here.
NOTES = """# Rowing club

## Boats

The club owns nine boats, of which two were built by members last winter.
They are kept in the old shed by the river near the bridge.
Do you know how many of the nine boats are made of wood?
Boats for beginners are wide and heavy so that they do not turn over.

## Races

Every spring the club holds a race over six miles against its neighbours upstream.
However, the race was called off twice because the river stood too high for it.
Anna Bell, Carl Dunn, Eve Frost, Gil Hart, Ida Jones and Kim Lane Rowed.
Prizes for the winners are paid for by the shops of the town.

## Money

Members pay sixty pounds a year, which covers repairs and the rent of the shed.
All paid.
"""
CHINESE_PART = """
## 会员

俱乐部现有会员一百二十人，其中三分之一是住在附近的学生和年轻教师。
那些学生每逢周六都到河边来，跟着老会员学习怎样划船和修船。
新会员要先学会游泳，并在教练陪同下在浅水里练习四个星期才能下河。
"""


def chosen(
    settings: Settings, text: str, count: int, language: Language = "en"
) -> list[tuple[Passage, str]]:
    write_corpus(settings.corpus, {"notes": (text, None)})
    build_index(settings)
    with closing(opened(settings)) as index:
        places = central_sentences(index, index.sources["notes"], count=count, language=language)
        return [(passage, passage.sentence(number)) for passage, number in places]


def test_an_overview_has_different_sentences_of_all_headings_in_reading_order(
    tiny: Settings,
) -> None:
    found = chosen(tiny, NOTES, 4)
    assert [passage.heading for passage, _ in found] in (
        ["Boats", "Boats", "Races", "Money"],
        ["Boats", "Races", "Races", "Money"],
    )
    places = [passage.start + passage.text.index(words) for passage, words in found]
    assert places == sorted(set(places))


def test_questions_lists_of_names_and_sentences_that_lean_are_left_out(tiny: Settings) -> None:
    said = " ".join(words for _, words in chosen(tiny, NOTES, 5))
    assert [w for w in ("They", "Do you", "However", "Anna", "All paid") if w in said] == []


def test_where_too_few_sentences_stand_alone_others_fill_up(tiny: Settings) -> None:
    assert len(chosen(tiny, NOTES, 8)) == 8
    assert [words for _, words in chosen(tiny, "Boats\nOars\n", 4)] == ["Boats", "Oars"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_source_in_two_languages_speaks_the_asked_one_first(
    tiny: Settings, language: Language
) -> None:
    found = chosen(tiny, NOTES + CHINESE_PART, 2, language)
    assert {passage.language for passage, _ in found} == {language}
    assert not any(words.startswith("那些") for _, words in found)


def test_a_source_read_in_several_queries_gives_the_same_overview(
    tiny: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = chosen(tiny, NOTES, 5)
    monkeypatch.setattr("assistant.retrieval.store._VALUES", 2)
    assert chosen(tiny, NOTES, 5) == whole


def test_central_sentences_touch_the_guides_better_than_first_or_spread_ones(
    built_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    print_overview(built_settings)
    last = capsys.readouterr().out.strip().split("\n")[-1]
    first, spread, central = map(int, last.split()[-3:])
    assert central >= 60 > max(first, spread)
