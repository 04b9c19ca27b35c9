"""Every component of the page in its reader's language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..types import Language
from .hosting import AssistantHost
from .labels import PAGE
from .page import MOST_PASSAGES, Parts, conversations_html, gradio, head_html


def labelled(p: Parts) -> list[Any]:
    """The components that say something, in the order of `worded`."""
    return [
        p.head,
        p.conversations,
        p.language,
        p.theme,
        p.new,
        p.style,
        *p.tabs,
        p.chat,
        p.box,
        p.ask,
        p.stop,
        p.policy,
        p.composer,
        p.passages,
        p.sources,
        p.files,
        p.password,
        p.add,
        p.addresses,
        p.fetch,
        p.removable,
        p.remove,
    ]


def worded(ui: Language, host: AssistantHost) -> list[Any]:
    """Updates for the components of `labelled`."""
    gr, words = gradio(), PAGE[ui]
    question = words["question"]
    return [
        gr.update(value=head_html(ui)),
        gr.update(value=conversations_html(ui)),
        gr.update(value=words["language"]),
        gr.update(value=words["theme"]),
        gr.update(value=words["new"]),
        gr.update(label=words["style"]),
        *(gr.update(label=words[name]) for name in ("chat", "documents", "settings")),
        gr.update(placeholder=words["empty"]),
        gr.update(placeholder=question, label=question),
        gr.update(value=words["ask"]),
        gr.update(value=words["stop"]),
        gr.update(label=words["answer_language"], choices=_policies(ui)),
        gr.update(label=words["composer"], choices=_composers(ui, host)),
        gr.update(label=words["passages"]),
        gr.update(label=words["search_in"], choices=_sources(ui, host)),
        gr.update(label=words["add_hint"].format(mb=host.settings.upload_mb)),
        gr.update(label=words["file_password"]),
        gr.update(value=words["add"]),
        gr.update(label=words["addresses"]),
        gr.update(value=words["fetch"]),
        gr.update(label=words["remove_choice"]),
        gr.update(value=words["remove"]),
    ]


def chosen(host: AssistantHost, kept: str, ui: Language) -> list[Any]:
    """The settings tab as this browser left it: policy, composer, passages, sources.

    What was kept and is not to be had any more becomes what is set on the server.
    """
    gr, settings = gradio(), host.settings
    sources = [id_ for _, id_ in _sources(ui, host)]
    policy, composer, passages, picked = _kept(kept)
    policies = [value for _, value in _policies(ui)]
    composers = [value for _, value in _composers(ui, host)]
    known = [id_ for id_ in sources if id_ in picked] if isinstance(picked, list) else []
    small = isinstance(passages, int) and 1 <= passages <= MOST_PASSAGES
    return [
        gr.update(value=policy if policy in policies else settings.language),
        gr.update(value=composer if composer in composers else composers[0]),
        gr.update(value=passages if small else min(settings.passages, MOST_PASSAGES)),
        gr.update(choices=_sources(ui, host), value=known or sources),
    ]


def _kept(text: str) -> Sequence[Any]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    return values if isinstance(values, list) and len(values) == 4 else ("", "", 0, [])


def _policies(ui: Language) -> list[tuple[str, str]]:
    return [(PAGE[ui][policy], policy) for policy in ("auto", "en", "zh", "both")]


def _composers(ui: Language, host: AssistantHost) -> list[tuple[str, str]]:
    words, settings = PAGE[ui], host.settings
    quotes = [(words["by_quotes"], "quotes")]
    if settings.composer == "quotes" or not settings.chat_model:
        return quotes
    return [(words["by_model"].format(name=settings.chat_model), "auto"), *quotes]


def _sources(ui: Language, host: AssistantHost) -> list[tuple[str, str]]:
    if not host.is_ready:
        return []
    with host.use() as assistant:
        return [(source.title(ui), source.id) for source in assistant.sources]
