"""What a provider's exception means: one sentence, a kind of trouble, whether to ask again."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING

from ..errors import Trouble
from ..settings import Settings
from .chat_providers import provider_of, where

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DECLINES = "The chat model {} or its filter declined to reply. Put the question in other words."
# Words in the errors of the usual services; statuses alone do not tell these apart.
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|prompt is too long|too many (?:input )?tokens|"
    r"input tokens exceed|input token count|reduce the length",
    re.I,
)
_FILTERED = re.compile(r"content[ _](?:filter|policy|management)|safety system", re.I)
_USED_UP = re.compile(r"insufficient_quota|current quota|billing|credit balance", re.I)
_BAD_KEY = re.compile(r"api[ _]key[ _](?:not valid|invalid)|resolve authentication", re.I)
# Names of exceptions: the packages that raise them may be absent. LangChain's own stand each for
# the HTTP status that providers report the condition with.
_STATUSES = {
    "ModelInvalidRequestError": 400,
    "ModelAuthenticationError": 401,
    "ModelPermissionDeniedError": 403,
    "ModelNotFoundError": 404,
    "ModelRateLimitError": 429,
    "ModelAPIError": 500,
}
_NO_CONNECTION = frozenset(
    "TransportError APIConnectionError ConnectionError ModelConnectionError gaierror "
    "ClientConnectionError ClientPayloadError".split()
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed; again: whether a second one may succeed, after wait_s at least."""

    trouble: Trouble
    text: str
    again: bool = False
    wait_s: float = 0.0


def failure_of(error: Exception, name: str, settings: Settings, *, begun: bool) -> Failure:
    """What a provider's exception means, in a sentence that repeats nothing of it."""
    errors = _chain(error)
    kinds = {kind.__name__ for one in errors for kind in type(one).__mro__}
    said = " ".join(f"{one} {getattr(one, 'code', '')}" for one in errors)
    status = _status(errors)
    http = f" (HTTP {status})" if status else ""
    if status == 404:
        return Failure(
            "denied",
            f"The service of {name} has no such model, or there is no chat at that address"
            f"{http}. Check the model's name and {where(name, settings)}.",
        )
    if status in (401, 403) or _BAD_KEY.search(said):
        return Failure(
            "denied",
            f"The service of {name} does not accept the key, or not for this model{http}. Check "
            f"the key in {' or '.join(provider_of(name).keys)}.",
        )
    if status in (402, 429):
        return _rate_limited(errors, said, name)
    if "ContextOverflowError" in kinds or status == 413 or _TOO_LONG.search(said):
        return Failure(
            "too_long",
            f"The question and its passages do not fit into the chat model {name}. Lower "
            "ASSISTANT_PASSAGES or choose a model with a longer context.",
        )
    if status is not None and (status == 408 or status >= 500):
        text = f"The service of {name} failed{http}. Ask again later."
        return Failure("unreachable", text, again=True, wait_s=_retry_after_s(errors))
    if _FILTERED.search(said):
        return Failure("refused", DECLINES.format(name))
    if status is not None:
        return Failure(
            "refused",
            f"The service of {name} refused the request{http}. Check that this is a chat model, "
            "or choose another.",
        )
    return _without_status(kinds, name, settings, begun=begun)


def _rate_limited(errors: Sequence[BaseException], said: str, name: str) -> Failure:
    if _USED_UP.search(said) or _status(errors) == 402:
        text = f"The quota of {name} is used up. See to plan and billing at its provider."
        return Failure("rate_limited", text)
    wait = _retry_after_s(errors)
    when = f"in {math.ceil(wait)} seconds" if wait else "in a minute"
    text = f"The service of {name} takes no more requests for the moment. Ask again {when}."
    return Failure("rate_limited", text, again=True, wait_s=wait)


def _without_status(kinds: Set[str], name: str, settings: Settings, *, begun: bool) -> Failure:
    """What an exception means that came before, after or without a status of HTTP."""
    if begun and kinds & _NO_CONNECTION:
        text = f"The connection to the chat model {name} broke in mid-reply. Ask again."
        return Failure("unreachable", text)
    if (
        kinds & {"TimeoutException", "TimeoutError", "ModelTimeoutError"}
        and "ConnectTimeout" not in kinds
    ):
        text = f"The chat model {name} did not reply in time. Ask again or choose a quicker one."
        return Failure("timeout", text, again=True)
    if kinds & _NO_CONNECTION:
        return Failure(
            "unreachable",
            f"The chat model {name} cannot be reached. Check that its service is up, and "
            f"{where(name, settings)}.",
            again=True,
        )
    return Failure(
        "failed",
        f"What came from the service of {name} is no reply of a chat model. Check "
        f"{where(name, settings)}.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The exception and those that it came from, the outermost first."""
    errors, next_one = [error], error.__cause__ or error.__context__
    while next_one is not None and next_one not in errors:
        errors.append(next_one)
        next_one = next_one.__cause__ or next_one.__context__
    return errors


def _status(errors: Sequence[BaseException]) -> int | None:
    """The HTTP status that a service replied with, in whichever way its package keeps it."""
    for error in errors:
        response = getattr(error, "response", None)
        for holder, key in ((error, "status_code"), (error, "code"), (response, "status_code")):
            value = getattr(holder, key, None)
            if isinstance(value, str) and value.isdecimal():
                value = int(value)
            if isinstance(value, int) and 400 <= value < 600:
                return int(value)
    kinds = (kind.__name__ for error in errors for kind in type(error).__mro__)
    return next((_STATUSES[kind] for kind in kinds if kind in _STATUSES), None)


def _retry_after_s(errors: Sequence[BaseException]) -> float:
    """How long the service asks to be left alone (header Retry-After: seconds or a date)."""
    headers = [getattr(getattr(one, "response", None), "headers", None) for one in errors]
    value = next((str(h["retry-after"]) for h in headers if h and "retry-after" in h), "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except ValueError:
            return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def without_refused(model: BaseChatModel, error: Exception, longest: int) -> BaseChatModel | None:
    """The model without a parameter that the service refuses by name, if there is one left."""
    for word, changes in (
        ("stream_options", {"stream_usage": False}),
        ("temperature", {"temperature": None}),
        ("max_tokens", {"extra_body": None, "max_tokens": longest}),
    ):
        field, value = next(iter(changes.items()))
        if word in str(error) and getattr(model, field, value) != value:
            return model.model_copy(update=changes)
    return None
