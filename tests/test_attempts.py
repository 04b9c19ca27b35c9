"""How often a password may be guessed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web.attempts import EVERYBODY, ONE_CLIENT, Attempts


def guess(tried: Attempts, client: str, seconds: range) -> int:
    """How many of the guesses, one a second, were heard."""
    heard = 0
    for now in seconds:
        if not tried.wait_s(client, now):
            tried.failed(client, now)
            heard += 1
    return heard


def test_a_client_has_five_guesses_a_minute_and_thirty_an_hour() -> None:
    assert guess(Attempts(), "a", range(60)) == 5
    assert guess(Attempts(), "a", range(3600)) == 30


@given(gaps=st.lists(st.integers(0, 400), max_size=60))
def test_waiting_as_long_as_was_told_is_enough_and_no_less_is(gaps: list[int]) -> None:
    tried, now = Attempts(), 0
    for gap in gaps:
        now += gap
        if wait_s := tried.wait_s("a", now):
            assert tried.wait_s("a", now + wait_s - 1) > 0
            now += wait_s
            assert tried.wait_s("a", now) == 0
        tried.failed("a", now)


def test_many_addresses_together_cannot_guess_without_end() -> None:
    tried = Attempts()
    tried.succeeded("known")
    heard = sum(guess(tried, f"a{i}", range(1)) for i in range(500))
    assert heard == EVERYBODY[0]
    assert tried.wait_s("new", 30) == 30
    # Who once knew the password is held to the own bound alone.
    assert guess(tried, "known", range(30)) == ONE_CLIENT[0]
