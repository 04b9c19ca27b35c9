"""The page's named endpoints, with Gradio's own client; and the page under many people."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from assistant import Assistant
from assistant.evaluation.__main__ import main
from assistant.web.headers import HEADERS, POLICY

from .browser import CHINESE, ENGLISH
from .conftest import ROOT


@pytest.fixture(scope="module")
def client(page_address: str) -> Any:
    from gradio_client import Client

    return Client(page_address, verbose=False)


def test_a_question_is_answered_with_its_citations(client: Any, assistant: Assistant) -> None:
    said, expected = client.predict(question=ENGLISH, api_name="/ask"), assistant.ask(ENGLISH)
    assert said["answer"] == expected.text
    quote = said["citations"][0]["quotes"][0]
    source = assistant.index.sources[said["citations"][0]["source_id"]]
    assert source.text[quote["start"] : quote["end"]] == quote["text"]


def test_a_follow_up_takes_its_history(client: Any) -> None:
    history = [{"question": ENGLISH, "answer": "Provenience"}]
    said = client.predict(question="And when?", history=history, api_name="/ask")
    assert "Vanke" in said["stand_alone"]


def test_passages_are_found_and_read_on(client: Any, assistant: Assistant) -> None:
    found = client.predict(question=CHINESE, count=2, api_name="/search")["passages"]
    assert len(found) == 2
    first = found[0]
    length = first["end"] - first["start"]
    read = client.predict(
        source_id=first["source_id"], start=first["start"], length=length, api_name="/read"
    )
    assert read["text"] == first["text"]


@pytest.mark.parametrize(
    ("endpoint", "values", "cause"),
    [
        ("/ask", {"question": "why " * 2000}, "2,000"),
        ("/ask", {"question": ENGLISH, "language": "fr"}, "language"),
        ("/search", {"question": ENGLISH, "sources": ["none"]}, "There is no source 'none'"),
        ("/read", {"source_id": "../../etc/passwd"}, "There is no source"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    client: Any, endpoint: str, values: dict[str, Any], cause: str
) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=re.escape(cause)) as caught:
        client.predict(**values, api_name=endpoint)
    assert "Traceback" not in str(caught.value)


def test_only_what_is_meant_for_programs_has_a_name(client: Any) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/ask", "/search", "/read"}


def test_many_ask_at_once_and_all_are_answered(
    page_address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = str(ROOT / "corpus" / "questions" / "report-dev.jsonl")
    assert main(["load", page_address, questions, "--users", "8", "--seconds", "3"]) == 0
    said = capsys.readouterr().out
    assert int(re.findall(r"(\d+) answers", said)[0]) >= 8
    assert "\n0 errors\n" in said


def test_every_response_of_the_page_has_the_security_headers(page_address: str) -> None:
    for path in ("/", "/read/bop-report", "/v1/models", "/absent", "/config"):
        found = httpx.get(page_address + path).headers
        policy = found["Content-Security-Policy"]
        # The reader's pages bring a stricter policy of their own.
        assert policy == POLICY or policy.startswith("default-src 'none'"), path
        others = HEADERS.keys() - {"Content-Security-Policy"}
        assert {name: found[name] for name in others} == {name: HEADERS[name] for name in others}
