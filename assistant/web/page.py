"""The page: what stands where, and in which words."""

from __future__ import annotations

import html
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.formats.reading import KINDS

from ..types import Language
from .labels import PAGE
from .reader import reader_css

if TYPE_CHECKING:
    import gradio as gr

STYLES = ("APA", "GB/T 7714")
# The most that the settings tab offers: more than a reader looks through.
MOST_PASSAGES = 20
# Files that ingest can read.
FILE_TYPES = list(KINDS)


def style_and_script() -> tuple[str, str]:
    """The page's CSS, and its script as an element for the head."""
    folder = Path(__file__).parent
    script = (folder / "page.js").read_text(encoding="utf-8")
    css = (folder / "page.css").read_text(encoding="utf-8")
    return f"{css}\n{reader_css()}", f"<script>{script}</script>"


def gradio() -> Any:
    """The library, told first that no visit is anybody else's business."""
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
    import gradio as gr

    return gr


def head_html(ui: Language) -> str:
    """The page's heading, a line for news, and the words that its script says."""
    words = PAGE[ui]
    said = html.escape(json.dumps(dict(words), ensure_ascii=False))
    return (
        f'<div lang="{ui}"><h1>{words["title"]}</h1><p>{words["intro"]}</p>'
        f'<p id="page-note" class="small" role="status" aria-live="polite"></p>'
        f'<div id="page-words" hidden data-language="{ui}" data-words="{said}"></div></div>'
    )


def conversations_html(ui: Language) -> str:
    """The list of conversations; page.js fills it from what the browser keeps."""
    words = PAGE[ui]
    return (
        f'<nav class="conversations" lang="{ui}" aria-label="{words["conversations"]}">'
        f"<h2>{words['conversations']}</h2>"
        f'<input id="conversation-search" type="search" placeholder="{words["search"]}" '
        f'aria-label="{words["search"]}">'
        f'<p class="hint" id="conversation-none">{words["no_conversations"]}</p>'
        '<ul id="conversation-list"></ul></nav>'
    )


def suggestions_html(questions: tuple[str, ...], ui: Language) -> str:
    """Questions to ask with a click."""
    if not questions:
        return ""
    chips = (
        f'<li><button type="button" data-act="suggest">{html.escape(question)}</button></li>'
        for question in questions
    )
    return f'<ul class="chips" aria-label="{PAGE[ui]["suggestions"]}">{"".join(chips)}</ul>'


@dataclass(frozen=True)
class Parts:
    """The components of the page that something happens to.

    record, ui, turn, given and file are what the browser and the server tell each other:
    conversation, the page's language, an exchange's number, what was clicked, a download.
    """

    record: gr.Textbox
    ui: gr.Textbox
    turn: gr.Textbox
    given: gr.Textbox
    file: gr.Textbox
    head: gr.HTML
    language: gr.Button
    theme: gr.Button
    conversations: gr.HTML
    new: gr.Button
    style: gr.Radio
    as_markdown: gr.Button
    as_json: gr.Button
    tabs: tuple[gr.Tab, gr.Tab, gr.Tab]
    chat: gr.Chatbot
    box: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    suggestions: gr.HTML
    panel: gr.HTML
    reader: gr.HTML
    policy: gr.Radio
    composer: gr.Radio
    passages: gr.Slider
    sources: gr.CheckboxGroup
    documents: gr.HTML
    files: gr.File
    password: gr.Textbox
    add: gr.Button
    addresses: gr.Textbox
    fetch: gr.Button
    removable: gr.CheckboxGroup
    remove: gr.Button
    done: gr.HTML
    hidden: dict[str, gr.Button]


def lay_out(*, passages: int, upload_mb: int, log_out: bool) -> Parts:
    """The components in their places, in a `gr.Blocks` that is open; worded in English."""
    gr = gradio()
    words = PAGE["en"]
    kept: dict[str, Any] = {
        name: gr.Textbox(visible=False) for name in ("record", "ui", "turn", "given", "file")
    }
    names = ("suggest", "again", "read", "feedback", "open", "new")
    kept["hidden"] = {
        name: gr.Button(name, visible="hidden", elem_id=f"do-{name}") for name in names
    }
    with gr.Row(elem_id="top"):
        kept["head"] = gr.HTML(head_html("en"), elem_id="intro", apply_default_css=False)
        kept["language"] = gr.Button(words["language"], size="sm", elem_id="language")
        kept["theme"] = gr.Button(words["theme"], size="sm", elem_id="theme")
    with gr.Sidebar(open=False, width=300, elem_id="kept"):
        kept["new"] = gr.Button(words["new"], size="sm", elem_id="new")
        kept["conversations"] = gr.HTML(conversations_html("en"), apply_default_css=False)
        kept["style"] = gr.Radio(list(STYLES), value=STYLES[0], label=words["style"])
        with gr.Row():
            kept["as_markdown"] = gr.Button("Markdown", size="sm", elem_id="as-markdown")
            kept["as_json"] = gr.Button("JSON", size="sm", elem_id="as-json")
    with gr.Tabs(elem_id="views"):
        with gr.Tab(words["chat"]) as talk:
            kept |= _lay_out_chat(gr)
        with gr.Tab(words["documents"]) as documents:
            kept |= _lay_out_documents(gr, upload_mb)
        with gr.Tab(words["settings"]) as settings:
            kept |= _lay_out_settings(gr, passages)
            if log_out:
                gr.HTML('<p><a href="/logout">Log out · 退出登录</a></p>', apply_default_css=False)
    return Parts(tabs=(talk, documents, settings), **kept)


def _lay_out_chat(gr: Any) -> dict[str, Any]:
    words = PAGE["en"]
    kept = {}
    with gr.Row(elem_id="columns"):
        with gr.Column(scale=3, min_width=300, elem_id="talk"):
            # Without delimiters, dollar signs stay money and make no formulas.
            kept["chat"] = gr.Chatbot(
                show_label=False,
                elem_id="chat",
                height=None,
                buttons=[],
                latex_delimiters=[],
                feedback_options=None,
                placeholder=words["empty"],
            )
            kept["suggestions"] = gr.HTML("", elem_id="suggestions", apply_default_css=False)
            with gr.Row(elem_id="ask"):
                kept["box"] = gr.Textbox(
                    placeholder=words["question"],
                    label=words["question"],
                    container=False,
                    max_lines=6,
                    elem_id="box",
                )
                kept["ask"] = gr.Button(words["ask"], variant="primary", scale=0, min_width=90)
                kept["stop"] = gr.Button(words["stop"], scale=0, min_width=80, elem_id="stop")
        with gr.Column(scale=2, min_width=300, elem_id="side"):
            kept["panel"] = gr.HTML("", elem_id="sources", apply_default_css=False)
            kept["reader"] = gr.HTML("", elem_id="reader", apply_default_css=False)
    return kept


def _lay_out_documents(gr: Any, upload_mb: int) -> dict[str, Any]:
    words = PAGE["en"]
    kept = {"documents": gr.HTML("", elem_id="documents", apply_default_css=False)}
    with gr.Row():
        with gr.Column():
            kept["files"] = gr.File(
                label=words["add_hint"].format(mb=upload_mb),
                file_count="multiple",
                file_types=FILE_TYPES,
                elem_id="files",
            )
            kept["password"] = gr.Textbox(
                label=words["file_password"],
                type="password",
                elem_id="file-password",
                html_attributes=gr.InputHTMLAttributes(autocomplete="new-password"),
            )
            kept["add"] = gr.Button(words["add"], variant="primary", elem_id="add")
            kept["addresses"] = gr.Textbox(
                label=words["addresses"], lines=2, max_lines=6, elem_id="addresses"
            )
            kept["fetch"] = gr.Button(words["fetch"], elem_id="fetch")
        with gr.Column():
            kept["removable"] = gr.CheckboxGroup([], label=words["remove_choice"])
            kept["remove"] = gr.Button(words["remove"], elem_id="remove")
    kept["done"] = gr.HTML("", elem_id="done", apply_default_css=False)
    return kept


def _lay_out_settings(gr: Any, passages: int) -> dict[str, Any]:
    words = PAGE["en"]
    return {
        "policy": gr.Radio([], label=words["answer_language"], elem_id="policy"),
        "composer": gr.Radio([], label=words["composer"], elem_id="composer"),
        "passages": gr.Slider(
            1, MOST_PASSAGES, value=passages, step=1, label=words["passages"], elem_id="passages"
        ),
        "sources": gr.CheckboxGroup([], label=words["search_in"], elem_id="search-in"),
    }
