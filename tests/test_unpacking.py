"""Packed bodies: unpacked whole, never beyond a bound."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.unpacking import UNPACKED, unpack

WORDS = "2015年共有636家企业。".encode() * 9


@given(body=st.binary(max_size=200))
def test_what_was_packed_comes_back(body: bytes) -> None:
    bare = zlib.compress(body)[2:-4]
    forms = (("", body), ("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)))
    for coding, packed in (*forms, ("deflate", bare)):
        assert unpack(packed, coding, 1_000) == body


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_gives_no_more_than_is_taken(coding: str) -> None:
    body = bytes(50_000_000)
    packed = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    assert len(unpack(packed, coding, 1_000)) == 1_000


def test_a_few_files_in_a_row_are_one_body_and_many_are_refused() -> None:
    assert unpack(gzip.compress(WORDS) * 16, "gzip", 100_000) == WORDS * 16
    with pytest.raises(ValueError, match="too many"):
        unpack(gzip.compress(WORDS) * 17, "gzip", 100_000)


def test_what_follows_a_packed_body_is_no_part_of_it() -> None:
    assert unpack(gzip.compress(WORDS) + b"\0\0", "gzip", 100_000) == WORDS


@given(end=st.integers(0, len(gzip.compress(WORDS)) - 1))
def test_a_body_that_was_cut_is_told(end: int) -> None:
    with pytest.raises(EOFError):
        unpack(gzip.compress(WORDS)[:end], "gzip", 100_000)


@given(body=st.binary(max_size=60), coding=st.sampled_from(UNPACKED))
def test_nonsense_raises_what_is_promised(body: bytes, coding: str) -> None:
    try:
        assert len(unpack(body, coding, 50)) <= 50
    except (EOFError, ValueError):
        assert coding not in ("", "identity")
