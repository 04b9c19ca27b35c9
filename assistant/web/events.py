"""What happens on the page: from clicks to what is shown next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import date
from typing import TYPE_CHECKING, Any

from .. import AssistantError
from ..types import Language
from .exporting import to_json, to_markdown
from .feedback import save_feedback
from .hosting import AssistantHost
from .labels import PAGE, reader_language
from .page import STYLES, Parts, gradio, suggestions_html
from .reading_panel import reader_html
from .records import Conversation, Exchange
from .references import Style
from .suggestions import follow_ups, starters
from .talk import Talk, read_asked, read_conversation, view, written
from .wording import chosen, labelled, worded

if TYPE_CHECKING:
    import gradio as gr

# What is private has no name in the API: api.py names what programs may call.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


class Events:
    """The page's handlers, over one host; each visitor's conversation comes from the browser."""

    def __init__(self, host: AssistantHost, talk: Talk) -> None:
        """Keep both."""
        self._host, self._talk = host, talk

    def wire(self, page: gr.Blocks, p: Parts) -> None:
        """Say what happens when; called inside the page's block."""
        # Gradio reads the annotation, where it is no more than a text.
        Events.restore.__annotations__["request"] = gradio().Request
        shown = [p.chat, p.panel, p.record]
        self._wire_asking(p, shown)
        self._wire_reading(p)
        self._wire_settings(p)
        words = labelled(p)
        loaded = page.load(
            self.restore,
            [p.given, p.ui, p.turn],
            [*shown, p.ui, p.given, *words],
            js="ra.start",
            **PRIVATE,
        ).then(self.fill, [p.given, p.ui], [p.policy, p.composer, p.passages, p.sources], **PRIVATE)
        self._then_suggest(loaded, p)
        switched = p.language.click(
            self.switch, [p.ui, p.record], [p.ui, p.chat, p.panel, *words], **PRIVATE
        )
        self._then_suggest(switched.then(None, [p.ui], None, js="ra.language", **PRIVATE), p)
        p.theme.click(None, None, None, js="ra.theme", **PRIVATE)

    def _wire_asking(self, p: Parts, shown: list[Any]) -> None:
        gr, hidden = gradio(), p.hidden
        asking = [p.box, p.turn, p.record, p.policy, p.composer, p.passages, p.sources, p.ui]
        answered = [p.box, *shown]
        # A server that was restarted meanwhile knows no choices: `ask` checks the values itself.
        raw = {**PRIVATE, "preprocess": False}
        asked = [
            gr.on([p.box.submit, p.ask.click], self.ask, asking, answered, js="ra.ask", **raw),
            hidden["suggest"].click(self.ask, asking, answered, js="ra.suggested", **raw),
            hidden["again"].click(self.ask, asking, answered, js="ra.again", **raw),
        ]
        stopped = p.stop.click(
            self.stop, [p.given, p.record, p.ui], shown, cancels=asked, js="ra.stopped", **PRIVATE
        )
        opened = hidden["open"].click(
            self.open, [p.given, p.ui], shown, cancels=asked, js="ra.given", **PRIVATE
        )
        for event in (*asked, stopped, opened):
            self._then_suggest(event, p)
        for new in (p.new.click, hidden["new"].click, p.chat.clear):
            began = new(self.open, [p.given, p.ui], shown, cancels=asked, js="ra.forget", **PRIVATE)
            self._then_suggest(began, p)

    def _then_suggest(self, event: Any, p: Parts) -> None:
        """Let the browser keep the conversation, then show what to ask next."""
        event.then(None, [p.record], None, js="ra.keep", **PRIVATE).then(
            # Of several that come while one is under way, the last is what is on the page.
            self.suggest,
            [p.record, p.ui],
            p.suggestions,
            trigger_mode="always_last",
            **PRIVATE,
        )

    def _wire_reading(self, p: Parts) -> None:
        on_record = [p.given, p.record, p.ui]
        p.hidden["read"].click(self.read, on_record, p.reader, js="ra.given", **PRIVATE).then(
            None, None, None, js="ra.reading", **PRIVATE
        )
        p.hidden["feedback"].click(self.feedback, on_record, None, js="ra.given", **PRIVATE)
        for button, handler in ((p.as_markdown, self.as_markdown), (p.as_json, self.as_json)):
            button.click(handler, [p.record, p.style, p.ui], p.file, **PRIVATE).then(
                None, [p.file], None, js="ra.download", **PRIVATE
            )

    def _wire_settings(self, p: Parts) -> None:
        kept: list[Any] = [p.policy, p.composer, p.passages, p.sources]
        for part in kept:
            part.input(None, kept, None, js="ra.settings", **PRIVATE)

    async def restore(
        self, record: str, language: str, settings: str, request: gr.Request
    ) -> list[Any]:
        """The page as this browser left it, in its reader's language."""
        ui = reader_language(language, request.headers.get("accept-language", ""))
        conversation, why = read_conversation(record)
        if why:
            gradio().Warning(PAGE[ui]["lost"].format(why=why))
        seen = view(conversation, ui)
        kept = written(conversation)
        return [seen.messages, seen.panel, kept, ui, settings, *worded(ui, self._host)]

    async def fill(self, settings: str, ui: Language) -> list[Any]:
        """The settings tab, which needs the assistant."""
        await self._host.ready()
        return chosen(self._host, settings, ui)

    async def switch(self, ui: Language, record: str) -> list[Any]:
        """The page in its other language."""
        other: Language = "en" if ui == "zh" else "zh"
        seen = view(read_conversation(record)[0], other)
        return [other, seen.messages, seen.panel, *worded(other, self._host)]

    async def ask(self, question: Any, turn: Any, record: Any, *chosen: Any) -> AsyncIterator[Any]:
        """The conversation as the answer grows; values are as the browser sent them."""
        gr = gradio()
        asked = read_asked(question, turn, record, *chosen)
        if not asked.question:
            yield gr.skip()
            return
        if asked.sources == []:
            gr.Warning(PAGE[asked.ui]["nothing_to_search"])
            yield gr.skip()
            return
        box: Any = ""
        async with aclosing(self._talk.respond(asked)) as views:
            async for seen in views:
                panel = gr.skip() if seen.panel is None else seen.panel
                kept = gr.skip() if seen.conversation is None else written(seen.conversation)
                yield box, seen.messages, panel, kept
                # Only the first step empties the box: the next question may be half typed by now.
                box = gr.skip()

    async def stop(self, asked: str, record: str, ui: Language) -> list[Any]:
        """The conversation with the question that was stopped, to be asked again."""
        conversation, _ = read_conversation(record)
        question, turn = json.loads(asked) if asked else ("", "")
        if question:
            before = conversation.until(int(turn) if str(turn).isdecimal() else None)
            conversation = before.with_exchange(Exchange.failed(question, PAGE[ui]["stopped"]))
        seen = view(conversation, ui)
        return [seen.messages, seen.panel, written(conversation)]

    async def open(self, record: str, ui: Language) -> list[Any]:
        """Another conversation, or a new one."""
        conversation, why = read_conversation(record)
        if why:
            gradio().Warning(PAGE[ui]["lost"].format(why=why))
        seen = view(conversation, ui)
        return [seen.messages, seen.panel, written(conversation)]

    async def suggest(self, record: str, ui: Language) -> str:
        """Questions to go on with, each one that the sources answer."""
        conversation, _ = read_conversation(record)
        answered = [exchange for exchange in conversation.exchanges if not exchange.error]

        def questions() -> tuple[str, ...]:
            with self._host.use() as assistant:
                if not answered:
                    return starters(assistant, ui)
                asked = [exchange.question for exchange in conversation.exchanges]
                return follow_ups(assistant, answered[-1], asked)

        try:
            return suggestions_html(await asyncio.to_thread(questions), ui)
        except AssistantError:
            return ""

    async def read(self, place: str, record: str, ui: Language) -> str:
        """A whole document, at the quoted words, with all that this conversation cites marked."""
        turn, number = (int(part) for part in place.split("-"))
        conversation, _ = read_conversation(record)
        exchanges = conversation.exchanges
        cited = exchanges[turn].citation(number) if turn < len(exchanges) else None
        if cited is None:
            return ""
        with self._host.use() as assistant:
            source = assistant.index.sources.get(cited.source_id)
        if source is None:
            return f'<p class="hint">{PAGE[ui]["gone"]}</p>'
        return reader_html(source, cited, conversation, ui)

    async def feedback(self, said: str, record: str, ui: Language) -> None:
        """Keep what the reader thinks of an answer."""
        turn, verdict = json.loads(said)
        conversation, _ = read_conversation(record)
        exchange = conversation.exchanges[int(turn)]
        path = self._host.settings.home / "feedback.jsonl"
        try:
            await asyncio.to_thread(save_feedback, path, exchange, verdict)
        except (AssistantError, ValueError) as error:
            gradio().Warning(str(error))
        else:
            gradio().Info(PAGE[ui]["thanks"])

    async def as_markdown(self, record: str, style: str, ui: Language) -> str:
        """The conversation as a Markdown file."""
        conversation, _ = read_conversation(record)
        chosen: Style = "apa" if style == STYLES[0] else "gb"
        text = to_markdown(conversation, chosen, ui)
        return _file(conversation, "md", "text/markdown", text)

    async def as_json(self, record: str, _style: str, _ui: Language) -> str:
        """The conversation as a JSON file."""
        conversation, _ = read_conversation(record)
        return _file(conversation, "json", "application/json", to_json(conversation))


def _file(conversation: Conversation, ending: str, kind: str, text: str) -> str:
    name = f"report-assistant-{date.today():%Y-%m-%d}.{ending}"
    return json.dumps({"name": name, "type": kind, "text": text}, ensure_ascii=False)
