"""The web chat: `python ui.py`, then open http://127.0.0.1:7860.

Builds the index first when there is none or the corpus has changed. Exit codes: 0 stopped,
1 something is wrong (one sentence on stderr says what), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import html
import logging
import os
import re
import socket
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant import Answer, Assistant, AssistantError, Citation, Settings, open_assistant
from ingest import build_index, pending_changes

if TYPE_CHECKING:
    import gradio as gr

EXAMPLES = (
    "Who did Vanke sign an agreement with?",
    "Which fields does Vanke's California incubator focus on?",
    "长三角调研收回多少份有效问卷？",
    "国办发〔2015〕9号文件提出几项重点任务？",
)
# Exchanges of one conversation that are kept: more than anyone scrolls back through.
KEPT = 50

_LABELS = {
    "en": {
        "partial": "Partly: close, but not answered by the sources",
        "refused": "Not answered by the sources",
        "error": "Something went wrong",
        "stand_alone": "Understood as: ",
        "translated": "Translated by the project; the sources show the original words.",
        "sources": "Sources",
        "none": "No passage comes near this question.",
        "original": "original",
        "digest": "digest by the project, not the official text",
        "translation": "translation",
        "aligned": "Translation",
        "link": "Open the original",
    },
    "zh": {
        "partial": "接近但未直接回答",
        "refused": "资料未回答",
        "error": "出错了",
        "stand_alone": "理解为：",
        "translated": "以上为项目译文；来源一栏显示原文。",
        "sources": "来源",
        "none": "没有与此问题相近的段落。",
        "original": "原文",
        "digest": "项目撰写的摘要，并非官方原文",
        "translation": "译文",
        "aligned": "译文",
        "link": "打开原始文件",
    },
}
_TITLE = "Report Assistant"
_INTRO = (
    "Ask about China's international incubators, in English or Chinese. "
    "可用中文或英文提问；每个答案都注明出处。"
)
_EMPTY_PANEL = (
    '<p class="hint">The sources of an answer appear here; click a number such as '
    '<span class="marker">[1]</span> to open one.<br>答案的来源显示在这里，点击编号即可打开。</p>'
)
_FAILED = (
    "This question could not be answered because of an error in the program; "
    "the terminal shows the details. 程序出错，详情见终端。"
)

_CSS = """
#intro h1 { font-size: 1.35rem; margin: 0; }
#intro p { color: var(--body-text-color-subdued); margin: 0.1rem 0 0; }
#columns { align-items: flex-start; }
#chat { height: calc(100dvh - 15rem); min-height: 20rem; }
#sources { height: calc(100dvh - 5.5rem); overflow-y: auto; overflow-wrap: anywhere; }
#examples { gap: 0.4rem; }
#examples button { flex: 0 1 auto; min-width: 0; text-align: left; white-space: normal; }
.reply p, .reply ul { margin: 0 0 0.5rem; }
.reply > :last-child { margin-bottom: 0; }
.reply ul { padding-left: 1.2rem; list-style: disc; }
.reply .small, #sources .small { font-size: 0.82rem; color: var(--body-text-color-subdued); }
.reply.partial, .reply.refused, .reply.error { border-left: 4px solid; padding-left: 0.75rem; }
.reply.partial { border-color: #d97706; }
.reply.refused { border-color: #64748b; }
.reply.error { border-color: #dc2626; }
.reply .label { font-weight: 600; }
#page .marker { font-weight: 600; color: var(--link-text-color); text-decoration: none; }
#page a.marker:hover, #page a.marker:focus { text-decoration: underline; }
#sources h2 { font-size: 1.05rem; margin: 0; }
#sources h3 { font-size: 0.9rem; margin: 0.5rem 0 0; }
#sources .hint { color: var(--body-text-color-subdued); }
.source { border: 1px solid var(--border-color-primary); border-radius: 8px; margin: 0.6rem 0;
  padding: 0.5rem 0.75rem; background: var(--block-background-fill); }
.source.chosen { border-color: var(--color-accent); box-shadow: 0 0 0 1px var(--color-accent); }
.source summary { cursor: pointer; }
.source .byline { display: block; font-size: 0.82rem; color: var(--body-text-color-subdued); }
.source.digest .byline { color: #b45309; }
.dark .source.digest .byline { color: #fbbf24; }
.source blockquote { margin: 0.5rem 0; padding-left: 0.75rem; line-height: 1.6;
  border-left: 3px solid var(--border-color-primary); }
.source mark { background: #fde68a; color: inherit; padding: 0.05em 0; }
.dark .source mark { background: #854d0e; }
.source .note { font-size: 0.82rem; }
@media (max-width: 820px) {
  #columns { flex-direction: column; }
  #chat { height: 60dvh; }
  #sources { height: auto; }
}
"""
# A marker opens its source; a marker of an older answer brings that answer's sources back.
_HEAD = """<script>
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.marker");
  const source = link && document.getElementById(link.hash.slice(1));
  if (!source) return;
  event.preventDefault();
  for (const part of document.querySelectorAll("#sources section"))
    part.hidden = !part.contains(source);
  for (const other of document.querySelectorAll(".source.chosen"))
    other.classList.remove("chosen");
  source.classList.add("chosen");
  source.open = true;
  source.scrollIntoView({ block: "nearest" });
  source.querySelector("summary").focus({ preventScroll: true });
}, true);
</script>"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer, or with the sentence that says why there is none."""

    question: str
    answer: Answer | None = None
    error: str = ""


def escape(text: str) -> str:
    """Text as HTML that shows it literally, on one line of markup.

    The chat reads messages as Markdown: a blank line would end the HTML block, and what
    follows would be read as Markdown again.
    """
    return html.escape(text).replace("\r\n", "\n").replace("\n", "<br>")


def link_markers(text: str, numbers: Collection[int], turn: int) -> str:
    """Escaped text whose [n] of known citations lead to the sources; others stay text."""

    def link(match: re.Match[str]) -> str:
        number = int(match[1])
        if number not in numbers:
            return match[0]
        return f'<a class="marker" href="#source-{turn}-{number}">[{number}]</a>'

    return re.sub(r"\[([0-9]{1,4})\]", link, escape(text))


def highlight(citation: Citation) -> str:
    """The passage as HTML, exactly the quoted characters in <mark>."""
    passage = citation.passage
    parts, done = [], 0
    for quote in sorted(citation.quotes, key=lambda quote: quote.start):
        start, end = max(quote.start - passage.start, done), quote.end - passage.start
        if start < end:
            parts.append(escape(passage.text[done:start]))
            parts.append(f"<mark>{escape(passage.text[start:end])}</mark>")
            done = end
    return "".join([*parts, escape(passage.text[done:])])


def render_text(text: str, numbers: Collection[int] = (), turn: int = 0) -> str:
    """An answer's paragraphs and "- " lists as HTML."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        if all(line.startswith("- ") for line in lines):
            items = (f"<li>{link_markers(line[2:], numbers, turn)}</li>" for line in lines)
            blocks.append(f"<ul>{''.join(items)}</ul>")
        else:
            blocks.append(f"<p>{link_markers(block, numbers, turn)}</p>")
    return "".join(blocks)


def render_answer(answer: Answer, turn: int) -> str:
    """The chat's HTML for a finished answer."""
    labels = _LABELS[answer.language]
    parts = []
    if answer.stand_alone != answer.question:
        parts.append(f'<p class="small">{labels["stand_alone"]}{escape(answer.stand_alone)}</p>')
    if answer.status != "answered":
        parts.append(f'<p class="label">{labels[answer.status]}</p>')
    parts.append(render_text(answer.text, [c.number for c in answer.citations], turn))
    if any(statement.translated for statement in answer.statements):
        parts.append(f'<p class="small">{labels["translated"]}</p>')
    return f'<div class="reply {answer.status}">{"".join(parts)}</div>'


def render_sources(answer: Answer, turn: int, *, shown: bool) -> str:
    """One answer's part of the sources panel; a marker of an older answer shows its part again."""
    labels = _LABELS[answer.language]
    body = "".join(_render_citation(citation, answer, turn) for citation in answer.citations)
    return (
        f'<section lang="{answer.language}"{"" if shown else " hidden"}>'
        f"<h2>{labels['sources']}</h2>"
        f'<p class="small">{escape(answer.stand_alone)}</p>'
        f"{body or '<p class=hint>' + labels['none'] + '</p>'}</section>"
    )


def _render_citation(citation: Citation, answer: Answer, turn: int) -> str:
    labels, source = _LABELS[answer.language], citation.source
    heading, note = citation.passage.heading, source.note(answer.language)
    parts = [f"<h3>{escape(heading)}</h3>"] if heading else []
    parts.append(f'<blockquote lang="{source.language}">{highlight(citation)}</blockquote>')
    if citation.translations:
        by = f"（{source.translation.made_by}）" if source.translation else ""
        parts.append(f'<p class="small">{labels["aligned"]}{escape(by)}</p>')
        lines = "".join(f"<p>{escape(line)}</p>" for line in citation.translations)
        parts.append(f'<div class="aligned">{lines}</div>')
    if note:
        parts.append(f'<p class="note">{escape(note)}</p>')
    if source.url.startswith(("https://", "http://")):
        parts.append(
            f'<p><a href="{escape(source.url)}" target="_blank" rel="noopener noreferrer">'
            f"{labels['link']} ↗</a></p>"
        )
    byline = f"{source.publisher} · {source.date} · {labels[source.kind]}"
    return (
        f'<details class="source {source.kind}" id="source-{turn}-{citation.number}">'
        f'<summary><span class="marker">[{citation.number}]</span> '
        f"<b>{escape(source.title(answer.language))}</b>"
        f'<span class="byline">{escape(byline)}</span></summary>{"".join(parts)}</details>'
    )


def _messages(session: Sequence[Exchange]) -> list[dict[str, str]]:
    messages = []
    for turn, exchange in enumerate(session):
        messages.append({"role": "user", "content": f"<div>{escape(exchange.question)}</div>"})
        if exchange.answer is not None:
            reply = render_answer(exchange.answer, turn)
        else:
            reply = f'<div class="reply error"><p>{escape(exchange.error)}</p></div>'
        messages.append({"role": "assistant", "content": reply})
    return messages


def _panel(session: Sequence[Exchange]) -> str:
    answers = [(turn, exchange.answer) for turn, exchange in enumerate(session)]
    last = len(session) - 1
    parts = [render_sources(answer, turn, shown=turn == last) for turn, answer in answers if answer]
    return "".join(parts) or _EMPTY_PANEL


def _respond(
    assistant: Assistant, question: str, session: tuple[Exchange, ...]
) -> Iterator[tuple[list[dict[str, str]], str | None, tuple[Exchange, ...]]]:
    """Messages, panel (None: as it is) and session, as the answer is read."""
    earlier = _messages(session)
    asked = {"role": "user", "content": f"<div>{escape(question)}</div>"}
    yield [*earlier, asked], None, session
    text, exchange = "", Exchange(question, error=_FAILED)
    try:
        history = [earlier.answer for earlier in session if earlier.answer]
        for chunk in assistant.stream(question, history=history):
            text += chunk.text
            if chunk.answer is not None:
                exchange = Exchange(question, answer=chunk.answer)
            else:
                reply = f'<div class="reply">{render_text(text)}</div>'
                yield [*earlier, asked, {"role": "assistant", "content": reply}], None, session
    except AssistantError as error:
        exchange = Exchange(question, error=str(error))
    except Exception:
        logging.getLogger("ui").exception("The question %r failed.", question)
    session = (*session, exchange)[-KEPT:]
    yield _messages(session), _panel(session), session


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page over an opened assistant; each visitor has a conversation of their own."""
    # Both are read as the libraries are imported or used; no visit is anybody else's business.
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
    import gradio as gr

    def respond(question: str, session: tuple[Exchange, ...]) -> Iterator[Any]:
        question = question.strip()
        if not question:
            yield gr.skip()
            return
        box: Any = ""
        for messages, panel, kept in _respond(assistant, question, session):
            yield box, messages, gr.skip() if panel is None else panel, kept
            # Only the first step empties the box: the next question may be half typed by now.
            box = gr.skip()

    page = gr.Blocks(title=_TITLE, analytics_enabled=False, fill_width=True)
    with page:
        gr.HTML(f"<h1>{_TITLE}</h1><p>{_INTRO}</p>", elem_id="intro")
        session = gr.State(())
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=3, min_width=320):
                chat = gr.Chatbot(
                    show_label=False,
                    elem_id="chat",
                    height=None,
                    buttons=[],
                    # Dollar signs of a source are money, not formulas.
                    latex_delimiters=[],
                    feedback_options=None,
                    placeholder=_INTRO,
                )
                with gr.Row(elem_id="ask"):
                    box = gr.Textbox(
                        placeholder="Ask a question · 请输入问题",
                        label="Question · 问题",
                        show_label=False,
                        container=False,
                        autofocus=True,
                        lines=1,
                        max_lines=6,
                        scale=1,
                    )
                    send = gr.Button("Ask · 提问", variant="primary", scale=0, min_width=110)
                with gr.Row(elem_id="examples"):
                    examples = [gr.Button(text, size="sm") for text in EXAMPLES]
                    clear = gr.Button("New conversation · 新对话", size="sm", variant="stop")
            with gr.Column(scale=2, min_width=320):
                panel = gr.HTML(_EMPTY_PANEL, elem_id="sources")
        outputs = [box, chat, panel, session]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        gr.on([box.submit, send.click], respond, [box, session], outputs, **private)
        for example in examples:
            example.click(respond, [example, session], outputs, **private)
        clear.click(lambda: ("", [], _EMPTY_PANEL, ()), None, outputs, **private)
    page.queue(default_concurrency_limit=4)
    return page


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the chat until it is stopped; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        # The port is claimed before the slow work, so that a taken one is known at once.
        with _listen(options.host, options.port) as listener:
            settings = Settings.load()
            if pending_changes(settings):
                build_index(settings, progress=_progress)
                _say("\n")
            assistant = open_assistant(settings, progress=_progress)
            _serve(build_page(assistant), listener)
    except AssistantError as error:
        _say(f"ui: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python ui.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    parser.add_argument("--port", type=int, default=7860, help="port to serve on (%(default)s)")
    return parser


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise AssistantError(
                f"Port {port} on {host} is already in use. Stop the program that uses it, or "
                f"choose another port: `python ui.py --port {port + 1}`."
            ) from error
        raise AssistantError(
            f"Nothing can be served on {host}, port {port} ({error}). "
            "Choose others with `--host` and `--port`."
        ) from error


def _serve(page: gr.Blocks, listener: socket.socket) -> None:
    """Run the page on a listening socket until a signal stops it.

    Gradio's own `launch` would also open tunnels when the environment says so, and ask itself
    for a page through the user's proxy; uvicorn does neither.
    """
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI

    fonts = ("Segoe UI", "Helvetica Neue", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC")
    app = gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        page,
        path="/",
        theme=gr.themes.Default(primary_hue="blue", font=(*fonts, "sans-serif")),
        css=_CSS,
        head=_HEAD,
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    _say(f"The chat is ready at http://{shown}:{port} (Ctrl-C stops it).\n")
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def _progress(stage: str, share: float) -> None:
    _say(f"\r{f'Preparing: {stage} {share:4.0%}':<40}")


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
