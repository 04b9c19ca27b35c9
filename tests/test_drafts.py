"""A reply taken apart: which markers belong to which sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.writing.drafts import Draft, lines_of
from assistant.writing.markers import MarkerStream


def draft(reply: str, *, shown: int = 5, cut_off: bool = False) -> Draft:
    markers = MarkerStream(shown)
    text = markers.feed(reply) + markers.finish()
    return Draft(text, markers.uses, markers.unknown, cut_off)


def claims(reply: str, *, cut_off: bool = False) -> list[tuple[str, tuple[int, ...]]]:
    """Each sentence with the prompt's numbers of what it cites."""
    return [
        (claim.text, tuple(use.passage for use in claim.uses))
        for line in lines_of(draft(reply, cut_off=cut_off))
        for claim in line.claims
    ]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("It grew [2]. It fell [3].", [("It grew.", (2,)), ("It fell.", (3,))]),
        ("It grew.[2] It fell.[3]", [("It grew.", (2,)), ("It fell.", (3,))]),
        ("It grew [2][3].", [("It grew.", (2, 3))]),
        ("增长了。[2]下降了。[3]", [("增长了。", (2,)), ("下降了。", (3,))]),
        ("“It grew.” [2] So they say [3].", [("“It grew.”", (2,)), ("So they say.", (3,))]),
        ("[1.2] It grew.", [("It grew.", (1,))]),
        ("It grew.\n[2]", [("It grew.", ())]),
        ("It **grew** [2].", [("It grew.", (2,))]),
        ("## Growth\nIt grew [1].", [("Growth", ()), ("It grew.", (1,))]),
        ("- It grew [1]\n- It fell [2]", [("It grew", (1,)), ("It fell", (2,))]),
        ("It grew [1]. ![](https://x.example/?q=a+b)", [("It grew.", (1,))]),
        ("[It grew](https://x.example/?q=1) [1].", [("It grew.", (1,))]),
        ("It grew, see www.x.example[1].", [("It grew, see.", (1,))]),
        ("See [12345].", [("See [12345].", ())]),
        ("", []),
        ("[1]", []),
    ],
)
def test_markers_belong_to_the_sentence_that_they_end(
    reply: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert claims(reply) == expected


def test_what_breaks_off_in_the_middle_of_a_sentence_is_left_out() -> None:
    assert claims("It grew [1]. It fell by", cut_off=True) == [("It grew.", (1,))]
    assert claims("It grew [1]. It fell [2].", cut_off=True)[-1] == ("It fell.", (2,))
    assert claims("It grew by", cut_off=True) == []


@given(
    st.lists(
        st.sampled_from(
            [
                "It grew",
                "他们增长了",
                " [1]",
                "[2.1]",
                ". ",
                "。",
                "\n",
                "- ",
                "**",
                "![](http://x.y/[1])",
                "www.a.b",
            ]
        )
    )
)
def test_no_marker_is_lost_or_moved_before_another(parts: list[str]) -> None:
    made = draft("".join(parts))
    kept = [use for line in lines_of(made) for claim in line.claims for use in claim.uses]
    places = [made.uses.index(use) for use in kept]
    assert places == sorted(places)
