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
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
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
        "stand_alone": "Understood as: ",
        "translated": "Shown in translation; the source has the original words.",
        "mixed": "Shown in part in translation; the sources have the original words.",
        "sources": "Sources",
        "none": "This answer cites no source.",
        "original": "original",
        "digest": "digest by the project, not the official text",
        "translation": "translation",
        "aligned": "Translation ({by})",
        "link": "Open the original",
        "quotes": "Quoted from the sources",
        "written": "Written by {by} · {supported} supported, {partly} partly, {unsupported} not",
        "usage": "{about}{tokens_in} tokens in, {tokens_out} out",
        "unknown": "It cited passages that it was never shown: {numbers}.",
    },
    "zh": {
        "partial": "接近但未直接回答",
        "refused": "资料未回答",
        "stand_alone": "理解为：",
        "translated": "以上为译文，原文见来源。",
        "mixed": "以上部分为译文，原文见来源。",
        "sources": "来源",
        "none": "这个回答没有引用来源。",
        "original": "原文",
        "digest": "项目撰写的摘要，并非官方原文",
        "translation": "译文",
        "aligned": "译文（{by}）",
        "link": "打开原始文件",
        "quotes": "引自资料原文",
        "written": "由{by}撰写 · {supported}句得到证实，{partly}句部分证实，{unsupported}句未证实",
        "usage": "输入{about}{tokens_in}词元，输出{tokens_out}词元",
        "unknown": "它引用了从未出示的段落：{numbers}。",
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
_EMPTY_CHAT = "Ask a question, or take an example below. 请提问，或点选下方的例子。"
_FAILED = (
    "This question could not be answered because of an error in the program; "
    "the terminal shows the details. 程序出错，详情见终端。"
)

_CSS = """
.gradio-container { --quiet: color-mix(in srgb, var(--body-text-color) 65%, transparent);
  width: 100%; max-width: 1500px !important; margin: 0 auto; }
.gradio-container [lang="zh"] { font-family: "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; }
#intro, #intro > * { padding: 0 !important; }
#intro h1 { font-size: 1.35rem; font-weight: 600; margin: 0; }
#intro p, .hint, .small, .byline { color: var(--quiet) !important; }
.small, .byline, .note { font-size: 0.85rem; }
#columns { height: calc(100dvh - 7.5rem); min-height: 30rem; }
#talk, #side { height: 100%; flex-wrap: nowrap; }
#chat { flex: 1 1 0 !important; min-height: 0; }
#chat .placeholder { text-align: center; padding: 0 1rem; }
#ask, #examples { flex: none; align-items: stretch; }
#ask button { white-space: nowrap; }
#examples { gap: 0.4rem; }
#examples button { flex: none; min-width: 0; font-weight: 400; border-radius: 999px;
  border: 1px solid var(--border-color-primary); background: none; }
#examples button:hover { border-color: var(--color-accent); }
#side { overflow-y: auto; overflow-wrap: anywhere; border-radius: var(--block-radius);
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill); }
#sources { padding: 0.9rem 1rem; }
#chat .message { overflow-wrap: anywhere; }
.reply p, .reply ul { margin: 0 0 0.5rem; }
.reply > :last-child { margin-bottom: 0; }
.reply ul { padding-left: 1.2rem; list-style: disc; }
.reply.partial, .reply.refused, .reply.error { border-left: 4px solid; padding-left: 0.75rem; }
.reply.partial { border-color: #d97706; }
.reply.refused { border-color: #64748b; }
.reply.error { border-color: #dc2626; }
.reply .label { font-weight: 600; }
.reply .notice { border-left: 3px solid #d97706; padding-left: 0.6rem; }
.gradio-container .marker { font-weight: 600; color: var(--link-text-color) !important;
  text-decoration: none !important; white-space: nowrap; }
.gradio-container a.marker:is(:hover, :focus) { text-decoration: underline !important; }
#sources h2 { font-size: 1.05rem; font-weight: 600; margin: 0; }
#sources h3 { font-size: 0.95rem; font-weight: 600; margin: 0.6rem 0 0; }
.source { border: 1px solid var(--border-color-primary); border-radius: 8px;
  margin: 0.6rem 0; padding: 0.5rem 0.75rem; }
.source.chosen { border-color: var(--color-accent); box-shadow: 0 0 0 1px var(--color-accent); }
.source summary { cursor: pointer; }
.source .byline { display: block; }
.source.digest .byline { color: #b45309 !important; }
.dark .source.digest .byline { color: #fbbf24 !important; }
#sources blockquote { margin: 0.6rem 0; padding-left: 0.75rem; line-height: 1.6;
  border-left: 3px solid var(--border-color-primary); }
.source mark { background: #fde68a; color: inherit; padding: 0.1em 0; }
.dark .source mark { background: #854d0e; }
.dark .gradio-container .marker { color: #93c5fd !important; }
#sources p { margin: 0.3rem 0; }
.source a { color: var(--link-text-color); text-decoration: underline; }
#sources .note { border-top: 1px solid var(--border-color-primary); padding-top: 0.5rem;
  margin-top: 0.7rem; }
@media (max-width: 820px) {
  #columns { flex-direction: column; height: auto; }
  #talk { height: calc(100dvh - 9rem); min-height: 28rem; width: 100%; }
  #examples { flex-wrap: nowrap; overflow-x: auto; }
  #side { height: auto; width: 100%; }
}
"""
# A marker opens its source; a marker of an older answer brings that answer's sources back.
_HEAD = """<meta http-equiv="Content-Security-Policy"
  content="default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:">
<script>
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
    if answer.notice:
        parts.append(f'<p class="notice">{escape(answer.notice)}</p>')
    if answer.status != "answered":
        parts.append(f'<p class="label">{labels[answer.status]}</p>')
    parts.append(render_text(answer.text, [c.number for c in answer.citations], turn))
    translated = [statement.translated for statement in answer.statements]
    if any(translated):
        label = labels["translated" if all(translated) else "mixed"]
        parts.append(f'<p class="small">{label}</p>')
    parts.append(f'<p class="small composer">{escape(_composer(answer))}</p>')
    return "".join(parts)


def _composer(answer: Answer) -> str:
    """Who worded the answer, how it stood the check, what it cost."""
    labels = _LABELS[answer.language]
    said = [labels["quotes"]]
    if answer.composer != "quotes":
        grades = Counter(statement.support for statement in answer.statements)
        counts = {grade: grades[grade] for grade in ("supported", "partly", "unsupported")}
        said = [labels["written"].format(by=answer.composer, **counts)]
    if answer.usage.calls:
        about = "≈" if answer.usage.estimated else ""
        said.append(labels["usage"].format(about=about, **asdict(answer.usage)))
    if answer.unknown_markers:
        numbers = ", ".join(map(str, answer.unknown_markers))
        said.append(labels["unknown"].format(numbers=numbers))
    return " · ".join(said)


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
    if citation.translations and source.translation:
        made = labels["aligned"].format(by=source.translation.made_by)
        words = "<br>".join(map(escape, citation.translations))
        parts.append(f'<p class="small">{escape(made)}</p>')
        parts.append(f'<p lang="{source.translation.language}">{words}</p>')
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


def _message(role: str, body: str, classes: str = "", language: str = "") -> dict[str, str]:
    """A chat message; inside a block of HTML the chat reads no Markdown."""
    return {"role": role, "content": f'<div class="{classes}" lang="{language}">{body}</div>'}


def _messages(session: Sequence[Exchange]) -> list[dict[str, str]]:
    messages = []
    for turn, exchange in enumerate(session):
        messages.append(_message("user", escape(exchange.question)))
        answer = exchange.answer
        if answer is None:
            body, kind, language = f"<p>{escape(exchange.error)}</p>", "error", ""
        else:
            body, kind, language = render_answer(answer, turn), answer.status, answer.language
        messages.append(_message("assistant", body, f"reply {kind}", language))
    return messages


def _panel(session: Sequence[Exchange]) -> str:
    answers = [(turn, exchange.answer) for turn, exchange in enumerate(session) if exchange.answer]
    parts = [
        render_sources(answer, turn, shown=answer is answers[-1][1]) for turn, answer in answers
    ]
    return "".join(parts) or _EMPTY_PANEL


async def _respond(
    assistant: Assistant, question: str, session: tuple[Exchange, ...]
) -> AsyncIterator[tuple[list[dict[str, str]], str | None, tuple[Exchange, ...]]]:
    """Messages, panel (None: as it is) and session, as the answer is read."""
    shown = [*_messages(session), _message("user", escape(question))]
    yield shown, None, session
    text, exchange = "", Exchange(question, error=_FAILED)
    try:
        history = [earlier.answer for earlier in session if earlier.answer]
        async with aclosing(assistant.astream(question, history=history)) as chunks:
            async for chunk in chunks:
                text += chunk.text
                if chunk.answer is not None:
                    exchange = Exchange(question, answer=chunk.answer)
                else:
                    yield [*shown, _message("assistant", render_text(text), "reply")], None, session
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

    async def respond(question: str, session: tuple[Exchange, ...]) -> AsyncIterator[Any]:
        if not question.strip():
            yield gr.skip()
            return
        box: Any = ""
        async for messages, panel, kept in _respond(assistant, question.strip(), session):
            yield box, messages, gr.skip() if panel is None else panel, kept
            # Only the first step empties the box: the next question may be half typed by now.
            box = gr.skip()

    page = gr.Blocks(title=_TITLE, analytics_enabled=False, fill_width=True)
    with page:
        gr.HTML(f"<h1>{_TITLE}</h1><p>{_INTRO}</p>", elem_id="intro", apply_default_css=False)
        session = gr.State(())
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=3, min_width=320, elem_id="talk"):
                # Without delimiters, dollar signs stay money and make no formulas.
                chat = gr.Chatbot(
                    show_label=False,
                    elem_id="chat",
                    height=None,
                    buttons=[],
                    latex_delimiters=[],
                    feedback_options=None,
                    placeholder=_EMPTY_CHAT,
                )
                with gr.Row(elem_id="ask"):
                    hint = "Your question · 请输入问题"
                    box = gr.Textbox(placeholder=hint, label=hint, container=False, max_lines=6)
                    send = gr.Button("Ask 提问", variant="primary", scale=0, min_width=120)
                    stop = gr.Button("Stop 停止", scale=0, min_width=90)
                with gr.Row(elem_id="examples"):
                    examples = [gr.Button(text, size="sm") for text in EXAMPLES]
            with gr.Column(scale=2, min_width=320, elem_id="side"):
                panel = gr.HTML(_EMPTY_PANEL, elem_id="sources", apply_default_css=False)
        outputs = [box, chat, panel, session]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        asked = [gr.on([box.submit, send.click], respond, [box, session], outputs, **private)]
        asked += [
            example.click(respond, [example, session], outputs, **private) for example in examples
        ]
        stop.click(None, None, None, cancels=asked, **private)
        chat.clear(lambda: ("", [], _EMPTY_PANEL, ()), None, outputs, **private)
    page.queue(default_concurrency_limit=4)
    return page


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the chat until it is stopped; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        # The port is claimed before the slow work, so that a taken one is known at once.
        with _listen(options.host, options.port) as listener:
            _serve(build_page(_open(Settings.load())), listener)
    except AssistantError as error:
        _say(f"ui: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python ui.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    parser.add_argument("--port", type=_port, default=7860, help="port to serve on (%(default)s)")
    return parser


def _open(settings: Settings) -> Assistant:
    """The assistant over an index that is up to date; one line in the terminal tells how far."""
    from tqdm import tqdm

    form = "Preparing: {desc} {n:3.0f} % ({elapsed})"
    with tqdm(total=100, desc="index", bar_format=form, leave=False) as bar:

        def progress(stage: str, share: float) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.n = 100 * share
            bar.refresh()

        if pending_changes(settings):
            build_index(settings, progress=progress)
        return open_assistant(settings, progress=progress)


def _port(text: str) -> int:
    # The system would take a larger number modulo 65,536 without a word.
    if not (text.isdecimal() and int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number from 0 to 65535")
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except (OSError, UnicodeError) as error:
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

    # Names of installed fonts only: Gradio would fetch others, and quote generic names.
    latin = ("Segoe UI", "Helvetica Neue", "Arial")
    chinese = ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC")
    app = gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        page,
        path="/",
        theme=gr.themes.Default(primary_hue="blue", font=(*latin, *chinese, "sans-serif")),
        css=_CSS,
        head=_HEAD,
        footer_links=[],
        run_history=False,
        max_file_size=1,
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    _say(f"The chat is ready at http://{shown}:{port} (Ctrl-C stops it).")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    # An open page keeps a stream open; that it is cut at the end is no error worth a traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not server.should_exit)
    server.run(sockets=[listener])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
