"""Citation markers, at every bracket style and at every split of the reply that holds them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.writing.markers import MarkerStream, Use

SHOWN = 5
MARKER = re.compile(r"\[\d{1,4}\]")
Outcome = tuple[str, tuple[Use, ...], tuple[int, ...], tuple[int, ...]]


def read(pieces: Iterable[str], *, shown: int = SHOWN) -> Outcome:
    """Text, uses, unknown numbers and order of a reply that comes in these pieces."""
    markers = MarkerStream(shown)
    text = "".join([markers.feed(piece) for piece in pieces]) + markers.finish()
    return text, markers.uses, markers.unknown, markers.order


def cited(reply: str) -> list[tuple[int, int | None]]:
    return [(use.passage, use.sentence) for use in read([reply])[1]]


def cut(reply: str, places: Sequence[int]) -> list[str]:
    ends = [0, *sorted(places), len(reply)]
    return [reply[start:end] for start, end in pairwise(ends)]


# Styles.


@pytest.mark.parametrize(
    ("marker", "passages"),
    [
        ("[1]", [1]),
        ("[1, 2]", [1, 2]),
        ("[1；2]", [1, 2]),
        ("[1、2]", [1, 2]),
        ("[1 and 3]", [1, 3]),
        ("[1-3]", [1, 2, 3]),
        ("[1至3]", [1, 2, 3]),
        ("[3-1]", [3, 1]),
        ("[2, 2]", [2]),
        ("［1］", [1]),
        ("【1】", [1]),
        ("【１－３】", [1, 2, 3]),
        ("[1】", [1]),
        ("[[1]]", [1]),
        ("[[1], [2]]", [1, 2]),
        ("[^1]", [1]),
        ("[**1**]", [1]),
        ("[passage 1]", [1]),
        ("[passage 1, source 2]", [1, 2]),
        ("[段落1]", [1]),
        ("【来源：1、2】", [1, 2]),
    ],
)
def test_every_style_of_bracket_is_a_marker(marker: str, passages: list[int]) -> None:
    wanted = "".join(f"[{number + 1}]" for number in range(len(passages)))
    for before, after in [
        ("", ""),
        ("It grew ", "."),
        ("增长了", "。"),
        ("It grew.", "\nIt fell."),
    ]:
        text, uses, unknown, order = read([before, marker, after])
        assert text == before + wanted + after
        assert [use.passage for use in uses] == list(order) == passages
        assert unknown == ()


@pytest.mark.parametrize(
    ("marker", "sentences"),
    [
        ("[2.3]", [(2, 3)]),
        ("[1.2, 3.1]", [(1, 2), (3, 1)]),
        ("[2.0]", [(2, None)]),
        ("[1, 1.2]", [(1, 2)]),
        ("[1.2-1.4]", [(1, None)]),
        ("[2.1-3]", [(2, None)]),
        ("[1.2-3.1]", [(1, 2), (2, None), (3, 1)]),
    ],
)
def test_a_marker_may_name_a_sentence(marker: str, sentences: list[tuple[int, int | None]]) -> None:
    assert cited(f"It grew {marker}.") == sentences


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain text, nothing else.  With two spaces.\n\n- And a list\n",
        "国办发〔2015〕9号",
        "]",
        "[]",
        "- [ ] to do",
        "[see 1]",
        "[passage]",
        "[1.2.3]",
        "[12345]",
        "[1",
        "[",
        "[1(]",
        "[\ue0001]",
        "[12,3" + "4,5" * 20,
        "[1" + ",1" * 20 + "]",
        "[sic] 「1」 『2』 《3》 〈4〉 “5”",
        "[text](http://example.org)",
    ],
)
def test_all_else_is_given_out_untouched(text: str) -> None:
    for reply in (text, f"It grew {text}", f"增长{text}。", f"\n{text} \n"):
        assert read([reply]) == (reply, (), (), ())
        assert read(reply) == (reply, (), (), ())


# Numbers.


def test_markers_are_renumbered_in_order_of_first_use() -> None:
    text, uses, unknown, order = read(["A [4]. B [2, 4]. C [1][4]."])
    assert text == "A [1]. B [2][1]. C [3][1]."
    assert [(use.at, use.number, use.passage) for use in uses] == [
        (2, 1, 4),
        (9, 2, 2),
        (12, 1, 4),
        (19, 3, 1),
        (22, 1, 4),
    ]
    assert (unknown, order) == ((), (4, 2, 1))


@pytest.mark.parametrize(
    ("reply", "text", "unknown"),
    [
        ("It grew [9].", "It grew.", (9,)),
        ("It grew[9]by half.", "It grew by half.", (9,)),
        ("It grew [1, 9].", "It grew [1].", (9,)),
        ("It grew [9][1].", "It grew[1].", (9,)),
        ("It grew [1949–2015].", "It grew.", (1949, 2015)),
        ("It grew [4-7].", "It grew [1][2].", (6, 7)),
        ("It grew [9](http://x.org).", "It grew.", (9,)),
        ("It grew.\n[9]\nIt fell.", "It grew.\nIt fell.", (9,)),
        ("It grew.\n\n[9] It fell.", "It grew.\n\nIt fell.", (9,)),
        ("[9]", "", (9,)),
        ("[see [9]]", "[see]", (9,)),
    ],
)
def test_a_number_never_shown_is_taken_out_and_reported(
    reply: str, text: str, unknown: tuple[int, ...]
) -> None:
    found = read([reply])
    assert (found[0], found[2]) == (text, unknown)


@pytest.mark.parametrize(
    ("reply", "passages"),
    [
        ("[1[9]]", [1]),
        ("[1[" + ",".join(["9"] * 20) + "]]", [1]),
        ("[[[[[[[[[[[[[[[[[[[[9]]]]]]]]]]]]]]]]]]]1]", [1]),
        ("[来[9]源1]", [1]),
        ("[pass[9]age 1]", []),
        ("[1[9].2]", [1]),
        ("[1[9]2]", [1, 2]),
        ("[123[9]456]", []),
    ],
)
def test_no_marker_comes_about_where_something_is_taken_out(
    reply: str, passages: list[int]
) -> None:
    text, uses, unknown, _ = read([reply])
    assert [use.passage for use in uses] == passages
    assert len(MARKER.findall(text)) == len(passages)
    assert 9 in unknown


# Links.


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("A [1](http://x.org/a?b=c&d=(e)#f).", "A [1]."),
        ("A [[1](http://x.org), [2](http://y.org)].", "A [1][2]."),
        ('A [1](http://x.org "The (title").', "A [1]."),
        ("A【1】(http://x.org)。", "A[1]。"),
        ("A [1](http://x.org/" + "a" * 3000 + ").", "A [1]."),
        ("A [1](see annex 2).", "A [1] (see annex 2)."),
        ("A [1](http://x.org/[9]).", "A [1] (http://x.org/)."),
        ("A [1](http://x.org", "A [1] (http://x.org"),
        ("A [text](http://x.org) [1]", "A [text](http://x.org) [1]"),
        ("A ![1](http://x.org/a.png)", "A ![1]"),
    ],
)
def test_a_marker_never_becomes_a_link(reply: str, text: str) -> None:
    assert read([reply])[0] == text
    assert read(reply)[0] == text


# Splits.

REPLIES = [
    "[[2]] [^1] [see [4]] [9 [1]]",
    "增长了［１］，下降了【2、9】。见〔2015〕9号",
    "[1[9]] [1 [2] [12345] [ ] [",
    "😀 [2–4]\n- [0] **[3]** 他们[1】",
    "[1](http://x 't') [2](x[9])",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_no_split_in_two_or_three_changes_the_result(reply: str) -> None:
    whole = read([reply])
    assert whole[1], "a reply without markers shows nothing here"
    for places in combinations(range(len(reply) + 1), 2):
        assert read(cut(reply, places)) == whole, cut(reply, places)
    assert read(reply) == whole


# Streaming.


@pytest.mark.parametrize(
    ("reply", "most"),
    [
        ("Spending on research grew by half, and firms (1) hired more staff.", 1),
        ("研究经费增长了一半，企业（1）也招聘了更多员工。国办发〔2015〕9号。", 0),
        ("It grew [see the annex], as [they] said [in 2015].", 4),
        ("A [text](http://example.org/a/b) here.", 2),
    ],
)
def test_text_is_given_out_as_soon_as_it_can_be_no_marker(reply: str, most: int) -> None:
    markers = MarkerStream(SHOWN)
    given = ""
    held = []
    for place, char in enumerate(reply, 1):
        given += markers.feed(char)
        held.append(place - len(given))
    assert max(held) <= most
    assert given == reply


@pytest.mark.parametrize(
    "reply",
    [
        "[" * 100_000,
        "[1[9]" * 10_000 + "]" * 50_000,
        "[" * 20_000 + "".join(f"[{n}]" for n in range(9_000)) + "]" * 20_000,
        " " * 50_000 + "[9] " * 12_500,
        "[1-9999]" * 12_500,
    ],
    ids=lambda reply: f"{reply[:8]}-{len(reply)}",
)
def test_a_hundred_kilobytes_of_anything_take_linear_time(reply: str) -> None:
    started = time.process_time()
    read([reply])
    # Ten times what the slowest of them takes on a slow machine.
    assert time.process_time() - started < 3


# Properties.

SOUP = st.lists(
    st.one_of(
        st.sampled_from("[[[[]]]]［］【】()19.,-、 \n"),
        st.sampled_from("1|2|9|[9]|[1]| [9]|[2, 9]|[3.1]|12345|passage |pass".split("|")),
        st.sampled_from(
            ["age 1", "源1", "来源", "第", "（1）", "](", "](http://x)", ' "t")', "\n\n", "😀"]
        ),
        st.sampled_from(["x", "增长。", "and", "*", "#", "^", ":", "–", "至", "[[", "]]"]),
        st.text(max_size=3),
    ),
    max_size=30,
).map("".join)


@given(SOUP, st.data())
def test_the_result_never_depends_on_the_cuts(reply: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(reply)), max_size=8))
    whole = read([reply])
    assert read(cut(reply, places)) == whole
    assert read(reply) == whole


@given(SOUP, st.integers(0, 4))
def test_every_marker_on_the_page_is_a_use_and_no_other_comes_about(reply: str, shown: int) -> None:
    text, uses, unknown, order = read([reply], shown=shown)
    assert [use.at for use in uses] == [match.start() for match in MARKER.finditer(text)]
    assert [f"[{use.number}]" for use in uses] == MARKER.findall(text)
    assert all(order[use.number - 1] == use.passage for use in uses)
    assert list(dict.fromkeys(use.number for use in uses)) == list(range(1, len(order) + 1))
    assert len(set(order)) == len(order)
    assert all(1 <= passage <= shown for passage in order)
    assert len(set(unknown)) == len(unknown)
    assert not any(1 <= number <= shown for number in unknown)
    assert not re.search(r"\[\d{1,4}\]\(", text)
