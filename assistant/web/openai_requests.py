"""Requests of OpenAI's clients: read and checked, refused in OpenAI's own words."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .. import AssistantError, Turn
from ..errors import QuestionError
from .admission import FullError
from .for_programs import without_references
from .labels import PAGE

if TYPE_CHECKING:
    from starlette.requests import Request

MODEL = "report-assistant"
QUOTES_MODEL = "report-assistant-quotes"
MODELS = (MODEL, QUOTES_MODEL)
# A conversation of fifty long answers has a quarter of it (see `records.KEPT`).
MAX_BODY_BYTES = 2 * 1024 * 1024
# Earlier exchanges that are looked at, as on the page: a question leans on the last few.
KEPT_TURNS = 50

_T = TypeVar("_T")
_KINDS: Mapping[type, str] = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
_IGNORED_ROLES = ("system", "developer")


class RequestError(Exception):
    """A request that cannot be answered; the message names the cause and the next step.

    `param` is the field in question and `code` OpenAI's word for the trouble, where there is one.
    """

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        """`status`: of the HTTP response."""
        super().__init__(message)
        self.param, self.code, self.status = param, code, status


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request: the last user message and, as history, what was said before it."""

    model: str
    question: str
    history: tuple[Turn, ...]
    stream: bool
    include_usage: bool


def error_of(error: Exception) -> tuple[int, Mapping[str, Any]]:
    """The HTTP status and OpenAI's error object; what nobody expected goes to the log alone."""
    status, kind, code, param, message = 500, "server_error", None, None, str(error)
    if isinstance(error, RequestError):
        status, kind = error.status, "invalid_request_error"
        code, param = error.code, error.param
    elif isinstance(error, QuestionError):
        status, kind, code, param = 400, "invalid_request_error", "invalid_question", "messages"
    elif isinstance(error, FullError):
        status, kind, code = 429, "rate_limit_error", "rate_limit_exceeded"
        message = _in_both("busy")
    elif isinstance(error, AssistantError):
        status, code = 503, "unavailable"
    else:
        logging.getLogger("web").error("A request of a program failed.", exc_info=error)
        message = _in_both("failed")
    return status, {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _in_both(label: str) -> str:
    return f"{PAGE['en'][label]} {PAGE['zh'][label]}"


async def read_body(request: Request) -> Any:
    """The JSON value that a request brings; raises RequestError where there is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # Any other kind may come from a foreign page in the user's browser, without asking.
        raise RequestError(
            "The request is not marked as JSON. Send it with `Content-Type: application/json`."
        )
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise RequestError(
                f"The request has more than {MAX_BODY_BYTES:,} bytes. Send less of the "
                "conversation.",
                status=413,
            )
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(
            "The request's body is not valid JSON. Send an object with `model` and `messages`."
        ) from error


def read_request(body: Any) -> Asked:
    """The request in a body; raises RequestError for what is wrong or not on offer."""
    if not isinstance(body, dict):
        raise RequestError(
            "The request's body is no JSON object. Send one with `model` and `messages`."
        )
    model = known_model(_field(body, "model", MODEL))
    messages: list[Any] = _field(body, "messages", [])
    options: dict[str, Any] = _field(body, "stream_options", {})
    if body.get("n") not in (None, 1):
        raise RequestError(
            "There is one answer to a question. Leave `n` out or set it to 1.", param="n"
        )
    question, history = _conversation([_said(messages, i) for i in range(len(messages))])
    return Asked(
        model=model,
        question=question,
        history=history,
        stream=_field(body, "stream", False),
        include_usage=_field(options, "include_usage", False, inside="stream_options."),
    )


def known_model(name: str) -> str:
    """The name of a model, if it is one of ours; raises RequestError with status 404 if not."""
    if name not in MODELS:
        raise RequestError(
            f"There is no model {name!r}. The models are: {', '.join(MODELS)}.",
            param="model",
            code="model_not_found",
            status=404,
        )
    return name


def _field(values: Mapping[str, Any], key: str, default: _T, *, inside: str = "") -> _T:
    """A field of the default's type; null is as good as left out."""
    value = values.get(key)
    if value is None:
        return default
    if not isinstance(value, type(default)):
        raise RequestError(
            f"`{inside}{key}` must be {_KINDS[type(default)]}, not {_kind(value)}.",
            param=f"{inside}{key}",
        )
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else _KINDS.get(type(value), "a number")


def _said(messages: Sequence[Any], number: int) -> tuple[str, str]:
    """Role and text of a message; ("", "") for one that has no say here."""
    message, place = messages[number], f"messages[{number}]"
    if not isinstance(message, dict):
        raise RequestError(f"`{place}` must be an object, not {_kind(message)}.", param=place)
    role = _field(message, "role", "", inside=f"{place}.")
    if role in _IGNORED_ROLES:
        return "", ""
    if role not in ("user", "assistant"):
        raise RequestError(
            f"`{place}.role` is {role!r}. Messages come from user, assistant, system or developer.",
            param=f"{place}.role",
        )
    content = message.get("content")
    if isinstance(content, list):
        parts = (_text_of(part, f"{place}.content[{i}]") for i, part in enumerate(content))
        content = "\n".join(parts)
    text = _field({"content": content}, "content", "", inside=f"{place}.")
    # Half a character, as "\ud83d" in JSON is, cannot be sent on to a chat model.
    return role, text.encode(errors="replace").decode()


def _text_of(part: Any, place: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind != "text":
        what = f"of type {kind!r}" if isinstance(kind, str) else "of no known type"
        raise RequestError(
            f"`{place}` is a part {what}. Questions are text: send parts of type 'text' only.",
            param=place,
        )
    return _field(part, "text", "", inside=f"{place}.")


def _conversation(said: Sequence[tuple[str, str]]) -> tuple[str, tuple[Turn, ...]]:
    """The last user message, and the exchanges before it."""
    asked = [i for i, (role, _) in enumerate(said) if role == "user"]
    if not asked:
        raise RequestError(
            "There is no question: `messages` holds no message with the role 'user'.",
            param="messages",
        )
    turns: list[Turn] = []
    for role, text in said[: asked[-1]]:
        if role == "user":
            turns.append(Turn(text))
        elif role == "assistant" and turns:
            told = "\n\n".join(filter(None, [turns[-1].answer, without_references(text)]))
            turns[-1] = replace(turns[-1], answer=told)
    return said[asked[-1]][1], tuple(turns[-KEPT_TURNS:])
