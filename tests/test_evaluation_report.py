"""The report of a run: what it is made of, and what a real browser shows of it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant import AssistantError
from assistant.evaluation.report import write_report
from assistant.evaluation.results import Result
from assistant.evaluation.verdicts import failures_of, is_right

from .browser import needs_browser
from .fabricated_run import CHINESE_PASSAGE, QUOTES, Row, row, rows, write_run
from .test_ui import ATTACK

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

HOSTILE = "</script><script>alert(1)</script><!--" + ATTACK


def page_of(directory: Path, made: Sequence[Row], **changes: Any) -> str:
    return write_report(write_run(directory, made, **changes)).read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    packed = re.search(r'id="data">([^<]*)<', page)
    assert packed
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed[1])))
    return data


# ---- verdicts ----


@pytest.mark.parametrize(
    ("made", "right", "failures"),
    [
        (row(), True, ()),
        (row(right=0.0), False, ("wrong", "not-cited")),
        (row(status="partial", right=0.0), False, ("refused",)),
        (row(status="refused", answerable=False), True, ()),
        (row(status="partial", answerable=False, near_miss=True), True, ()),
        (row(answerable=False, near_miss=True), False, ("near-miss",)),
        (row(answerable=False), False, ("far",)),
        (row(answer=None, error="Too long.", right=0.0), False, ("error",)),
        (row(answer=None, error="Too long.", answerable=False), False, ("error",)),
    ],
)
def test_each_outcome_has_its_verdict_and_its_failures(
    made: Row, right: bool, failures: tuple[str, ...]
) -> None:
    result = Result.from_dict(made)
    assert is_right(result) is right
    assert failures_of(result) == failures


def test_a_question_without_gold_answers_is_not_judged() -> None:
    made = row()
    made["scores"]["contains"] = None
    assert is_right(Result.from_dict(made)) is None
    assert failures_of(Result.from_dict(made)) == ()


def test_invalid_quotes_and_a_wrong_language_are_failures_of_any_answer() -> None:
    made = row()
    made["scores"] |= {"quotes": 3, "quotes_valid": 2, "language_ok": 0}
    assert failures_of(Result.from_dict(made)) == ("quote", "language")


# ---- the file ----


def test_the_page_needs_no_network_and_no_other_file(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows())
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    assert not re.search(r"\sstyle=|<style[^>]*>\*\{", page)


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    made = rows()
    assert page_of(tmp_path / "a", made) == page_of(tmp_path / "b", made)


def test_no_id_is_given_twice_and_every_reference_has_its_target(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows())
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', page)) <= set(ids)


def test_the_header_says_with_what_the_run_was_made(tmp_path: Path) -> None:
    page = page_of(tmp_path, rows(), judge="a-judge", problems=["x.jsonl, line 3: <no> question"])
    for words in (
        *("made-up.jsonl", "20260101-abcdef", "bundled", "0123456789ab", "a-judge"),
        *("22 November 2026, 23:40 UTC", "7.2 s, 2 workers", "torch", "passages"),
        *("1 problem", "x.jsonl, line 3: &lt;no&gt; question"),
    ):
        assert words in page


def test_every_metric_stands_in_the_table_with_its_interval(tmp_path: Path) -> None:
    directory = write_run(tmp_path, rows())
    metrics = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    metrics["groups"][0]["metrics"]["new@9"] = {"value": 0.25, "low": 0.125, "high": 0.5, "n": 4}
    (directory / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    page = write_report(directory).read_text(encoding="utf-8")
    cells = "<td>–</td><td>–</td><td>25.0 %<small>12.5–50.0</small></td>"
    assert f'<th scope="row">new@9</th>{cells}' in page


def test_what_a_run_holds_never_becomes_markup(tmp_path: Path) -> None:
    made = [row(1, question=HOSTILE, kind=HOSTILE, set=HOSTILE), row(2)]
    page = page_of(tmp_path, made, name=HOSTILE, problems=[HOSTILE], settings={HOSTILE: HOSTILE})
    assert HOSTILE not in page
    assert "<img" not in page
    # One for the data, one for the program.
    assert page.count("<script") == page.count("</script>") == 2


def test_names_of_kinds_may_be_chinese_or_formulas_or_unprintable(tmp_path: Path) -> None:
    kinds = ["数字与多少", "$x^2$", "a\x00b", "k" * 40]
    page = page_of(tmp_path, [row(i, kind=kind) for i, kind in enumerate(kinds)])
    for name in ("数字与多少 (1)", "$x^2$ (1)", "ab (1)", "kkkkkkkkkkkkk… (1)"):
        assert f">{name}</text>" in page


def test_a_passage_shared_by_many_questions_is_kept_once(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, rows(60)))
    assert sorted(data["texts"]) == sorted(set(data["texts"]))
    assert len(data["texts"]) == 7


def test_a_citation_is_shown_in_the_passage_that_holds_its_quotes(tmp_path: Path) -> None:
    moved = row(2)
    moved["answer"]["citations"][0]["quotes"][0]["start"] += 1
    first, second = data_of(page_of(tmp_path, [row(1), moved]))["questions"]
    assert first["answer"]["citations"][0]["around"]["start"] == 500
    assert second["answer"]["citations"][0]["around"] is None
    assert [hit["gold"] for hit in first["hits"]] == [True] + 5 * [False]


def test_undefined_scores_reach_the_page_as_null(tmp_path: Path) -> None:
    made = row()
    made["scores"] |= {"f1": float("nan"), "mrr": None}
    scores = data_of(page_of(tmp_path, [made]))["questions"][0]["scores"]
    assert (scores["f1"], scores["mrr"]) == (None, None)


def test_half_a_surrogate_pair_does_no_harm(tmp_path: Path) -> None:
    directory = write_run(tmp_path, [row(question="BROKEN", kind="BROKEN")])
    for name in ("results.jsonl", "metrics.json"):
        text = (directory / name).read_text(encoding="utf-8")
        (directory / name).write_text(text.replace("BROKEN", "\\ud800!"), encoding="utf-8")
    page = write_report(directory).read_text(encoding="utf-8")
    assert data_of(page)["questions"][0]["question"] == "?!"


def test_five_hundred_questions_over_a_large_corpus_stay_small(tmp_path: Path) -> None:
    import random

    chance = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(3000)]
    weights = [1 / (place + 1) for place in range(len(words))]
    made = rows(500)
    for one in made:
        for hit in one["answer"]["hits"]:
            hit["text"] = " ".join(chance.choices(words, weights, k=120))
    assert len(page_of(tmp_path, made).encode()) < 1_500_000


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: (d / "metrics.json").unlink(), "has not finished: no metrics.json"),
        (lambda d: (d / "results.jsonl").unlink(), "has not finished: no results.jsonl"),
        (lambda d: (d / "metrics.json").write_text("{"), "metrics.json is damaged"),
        (lambda d: (d / "metrics.json").write_text("[]"), "metrics.json is damaged"),
        (lambda d: (d / "metrics.json").write_text("{}"), "holds no groups of a run"),
        (lambda d: (d / "results.jsonl").write_text("\n"), "holds no question"),
        (lambda d: (d / "results.jsonl").write_text('{"set": "a"}\n'), "line 1 is no result"),
        (lambda d: (d / "results.jsonl").write_bytes(b"\xff"), "cannot be read"),
    ],
)
def test_a_run_that_is_not_whole_is_refused_in_one_sentence(
    tmp_path: Path, break_it: Any, says: str
) -> None:
    directory = write_run(tmp_path / "run", [row()])
    break_it(directory)
    with pytest.raises(AssistantError, match=says):
        write_report(directory)


def test_a_directory_that_is_no_run_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="is not the directory of a run"):
        write_report(tmp_path)
    with pytest.raises(AssistantError, match="There is no directory"):
        write_report(tmp_path / "nothing")


# ---- a real browser ----


class Reader:
    """Opens reports; keeps all that went wrong on them."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def open(self, report: Path, fragment: str = "", *, width: int = 1200) -> Page:
        context = self.browser.new_context(viewport={"width": width, "height": 844})
        self.contexts.append(context)
        page, address = context.new_page(), report.as_uri()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        page.on(
            "request",
            lambda r: None if r.url.startswith(address) else self.troubles.append(r.url),
        )
        page.goto(address + fragment)
        page.locator("#list > li").first.wait_for()
        return page


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """A reader of reports; none may say anything on the console or ask for another file."""
    reader = Reader(browser)
    yield reader
    for context in reader.contexts:
        context.close()
    assert reader.troubles == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report over 60 questions."""
    return write_report(write_run(tmp_path_factory.mktemp("report"), rows(60)))


def count(page: Page) -> str:
    return page.locator("#count").inner_text()


@needs_browser
def test_an_opened_question_shows_answer_quotes_expectation_and_hits(
    reader: Reader, tmp_path: Path
) -> None:
    made = row(1, language="zh", history=["调研由谁进行？"])
    page = reader.open(write_report(write_run(tmp_path, [made])))
    summary = page.locator("summary", has_text="调研收回多少份有效问卷？")
    summary.focus()
    page.keyboard.press("Enter")
    body = page.locator(".question .body")
    assert body.locator(".lead").inner_text() == "873"
    assert body.locator(".citation .passage").inner_text() == CHINESE_PASSAGE
    assert body.locator(".citation mark").all_inner_texts() == [QUOTES["zh"]]
    assert body.locator(".citation .gold-words").inner_text() == QUOTES["zh"]
    assert body.locator(".citation .passage").get_attribute("lang") == "zh"
    assert "调研由谁进行？" in body.locator(".history").inner_text()
    assert body.locator(".expected").inner_text() == "873"
    assert body.locator(".hit").count() == 6
    assert body.locator(".hit", has_text="gold evidence").count() == 1
    body.get_by_role("button", name="Citation 1").click()
    assert body.locator(".citation.pointed").count() == 1


@needs_browser
def test_filters_narrow_the_list_and_stand_in_the_address(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    assert count(page) == "60 questions"
    assert page.locator("#list > li").count() == 60
    page.locator("select[name=lang]").select_option("zh")
    page.get_by_role("button", name="Refused wrongly").click()
    shown = count(page)
    assert re.fullmatch(r"\d+ of 60 questions", shown)
    assert page.locator(".asked[lang=zh]").count() == int(shown.split()[0]) > 0
    assert page.locator(".badge.failure", has_text="Refused wrongly").count() == int(shown[0])
    assert page.url.endswith("#lang=zh&fail=refused")
    again = reader.open(report, "#lang=zh&fail=refused")
    assert count(again) == shown
    assert again.locator("select[name=lang]").input_value() == "zh"
    pressed = again.get_by_role("button", name="Refused wrongly").get_attribute("aria-pressed")
    assert pressed == "true"
    again.get_by_role("button", name="Clear filters").click()
    assert count(again) == "60 questions"
    assert "#" not in again.url


@needs_browser
def test_search_finds_words_of_questions_and_answers(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    page.get_by_label("Search").fill("问卷 Q-01")
    assert {text[:4] for text in page.locator(".byline .id").all_inner_texts()} == {"q-01"}
    page.get_by_label("Search").fill("nothing like this")
    assert page.locator("#list").inner_text() == "No question matches these filters."
    assert count(page) == "0 of 60 questions"


@needs_browser
def test_a_link_to_a_question_opens_it_whatever_the_filters(reader: Reader, report: Path) -> None:
    page = reader.open(report, "#lang=en&question=made-up%2Fq-030")
    assert page.locator(".question[open] .id").all_inner_texts() == ["q-030"]
    link = page.get_by_role("link", name="Link to this question").get_attribute("href")
    assert link == "#question=made-up%2Fq-030"
    page.get_by_role("link", name="The same in").first.click()
    page.locator('.question[open][data-key="made-up/q-029"]').wait_for()
    page.go_back()
    page.locator('.question[open][data-key="made-up/q-030"]').wait_for()


@needs_browser
def test_hostile_words_are_shown_as_they_are(reader: Reader, tmp_path: Path) -> None:
    made = row(1, question=HOSTILE, kind=HOSTILE, id=HOSTILE, set="javascript:alert(1)")
    made["answer"] |= {"text": HOSTILE, "reason": HOSTILE}
    made["answer"]["hits"][0]["text"] = HOSTILE
    made["expected"]["answers"] = [HOSTILE]
    page = reader.open(write_report(write_run(tmp_path, [made, row(2)], problems=[HOSTILE])))
    summary = page.locator(".question > summary").first
    assert HOSTILE in summary.inner_text()
    summary.click()
    assert page.locator(".answer").inner_text() == HOSTILE
    page.locator(".hit summary").first.click()
    assert page.locator("img, #list script").count() == 0


@needs_browser
def test_offsets_count_characters_beyond_the_basic_plane_as_one(
    reader: Reader, tmp_path: Path
) -> None:
    made, quote = row(), {"start": 503, "end": 506, "text": "𠮷野家"}
    made["answer"]["hits"][0]["text"] = "😀😀，𠮷野家开业了。"
    made["answer"]["citations"][0]["quotes"] = [quote]
    page = reader.open(write_report(write_run(tmp_path, [made])))
    page.locator(".question > summary").click()
    assert page.locator(".citation mark").inner_text() == "𠮷野家"


@needs_browser
def test_a_question_that_could_not_be_asked_says_why(reader: Reader, tmp_path: Path) -> None:
    made = row(error="The question is too long.", answer=None, right=0.0)
    made["scores"] |= {"latency_ms": None, "quotes": 0, "language_ok": None}
    page = reader.open(write_report(write_run(tmp_path, [made])), "#fail=error")
    page.locator(".question > summary").click()
    assert page.locator(".body .error").inner_text() == "The question is too long."


@needs_browser
@pytest.mark.parametrize("width", [390, 320, 768])
def test_a_narrow_screen_never_scrolls_sideways(reader: Reader, tmp_path: Path, width: int) -> None:
    made = [*rows(12), row(13, question="w" * 300, kind="k" * 80, id="i" * 120)]
    page = reader.open(write_report(write_run(tmp_path, made, name="n" * 200)), width=width)
    for summary in page.locator(":is(.question, .sheet) > summary").all():
        summary.click()
    inside, outside = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inside <= outside == width


@needs_browser
def test_thousands_of_questions_are_rendered_a_piece_at_a_time(
    reader: Reader, tmp_path: Path
) -> None:
    page = reader.open(write_report(write_run(tmp_path, rows(5000))))
    assert count(page) == "5000 questions"
    assert page.locator("#list > li").count() == 100
    page.get_by_role("button", name="Show 100 more of 4900").click()
    assert page.locator("#list > li").count() == 200
    assert page.evaluate("document.activeElement.parentElement.dataset.key") == "made-up/q-101"
    page.get_by_label("Search").fill("q-4999")
    assert page.locator("#list > li").count() == 1


@needs_browser
def test_the_policy_lets_no_markup_in_through_scripts(reader: Reader, report: Path) -> None:
    page = reader.open(report)
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; } catch (e) { return e.name; } }"
    )
    assert refused == "TypeError"
    assert any("TrustedHTML" in trouble for trouble in reader.troubles)
    reader.troubles.clear()
