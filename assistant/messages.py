"""Every sentence that the assistant itself says, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .types import Language, Source, Statement

MessageKey = Literal[
    "partial", "written", "refused", "unknown", "absent", "unsaid", "when", "number", "far",
    "doubtful", "no_answer", "untranslated", "unconfirmed", "partly", "and", "more", "stop",
    "unreachable", "denied", "rate_limited", "timeout", "stalled", "declined", "too_long", "empty",
    "cut_off", "wrong_language", "malformed", "unsupported", "failed",
    "original", "digest", "translation", "cost", "about", "silent", "taken", "labelled",
    "taken_as", "taken_too",
    "there_are", "listed", "made_from", "written_by", "written_for", "no_author", "dated",
    "no_date", "of_kind", "in_language", "in_language_translated", "address", "address_original",
    "no_address", "number_is", "no_number", "title_is", "en", "zh", "says_nothing", "nothing_more",
    "greeting", "thanks", "self", "help", "farewell", "place_is",
]  # fmt: skip
_TEXTS: dict[MessageKey, dict[Language, str]] = {
    "partial": {
        "en": "The sources do not say this. The closest passages are:",
        "zh": "资料中没有直接的回答。最接近的段落是：",
    },
    "written": {
        "en": "The sources may not answer this. What they say that comes close:",
        "zh": "资料可能没有回答这个问题。相近的内容是：",
    },
    "refused": {
        "en": "The sources do not answer this question. Searched: {documents}.",
        "zh": "资料没有回答这个问题。已检索：{documents}。",
    },
    "unknown": {
        "en": "The sources never mention {names}.",
        "zh": "资料中从未提到{names}。",
    },
    "absent": {
        "en": "The sources mention {names}, but not together with what is asked.",
        "zh": "资料提到了{names}，但没有与所问内容联系起来。",
    },
    "unsaid": {
        "en": "The closest passages say nothing of {names}.",
        "zh": "最接近的段落没有提到{names}。",
    },
    "when": {
        "en": "The closest passages give no date for it.",
        "zh": "最接近的段落没有给出时间。",
    },
    "number": {
        "en": "The closest passages give no figure for it.",
        "zh": "最接近的段落没有给出数字。",
    },
    "far": {
        "en": "Nothing in the sources comes near to it.",
        "zh": "资料中没有与之相近的内容。",
    },
    "doubtful": {
        "en": "Passages on the subject were found, but none clearly answers.",
        "zh": "找到了相关的段落，但都没有明确回答。",
    },
    "no_answer": {
        "en": "The chat model found no answer in the closest passages.",
        "zh": "聊天模型没有在最接近的段落中找到答案。",
    },
    "unconfirmed": {"en": "not confirmed by the sources", "zh": "资料未能证实"},
    "partly": {"en": "partly confirmed", "zh": "仅部分得到证实"},
    "untranslated": {
        "en": "Quoted in the original language: no translation is at hand.",
        "zh": "以下为原文：没有现成的译文。",
    },
    "unreachable": {
        "en": "The chat model could not be reached; here are the sources' own words.",
        "zh": "无法连接聊天模型，以下为资料原话。",
    },
    "denied": {
        "en": "The chat model's service refused access (key, rights or model name); here are the "
        "sources' own words.",
        "zh": "聊天模型的服务拒绝访问（密钥、权限或模型名称有误），以下为资料原话。",
    },
    "rate_limited": {
        "en": "The chat model takes no more requests for now; here are the sources' own words.",
        "zh": "聊天模型的请求次数已达上限，以下为资料原话。",
    },
    "timeout": {
        "en": "The chat model took too long; here are the sources' own words.",
        "zh": "聊天模型超时，以下为资料原话。",
    },
    "stalled": {
        "en": "The chat model fell silent in the middle of its answer; here are the sources' own "
        "words.",
        "zh": "聊天模型中途停止了回答，以下为资料原话。",
    },
    "declined": {
        "en": "The chat model declined to answer; here are the sources' own words.",
        "zh": "聊天模型拒绝回答，以下为资料原话。",
    },
    "too_long": {
        "en": "The passages are too long for the chat model; here are the sources' own words.",
        "zh": "段落超出聊天模型的长度上限，以下为资料原话。",
    },
    "empty": {
        "en": "The chat model gave an empty answer; here are the sources' own words.",
        "zh": "聊天模型的回答为空，以下为资料原话。",
    },
    "cut_off": {
        "en": "The chat model's answer was cut off; its last sentence is left out.",
        "zh": "聊天模型的回答被截断，最后一句已略去。",
    },
    "wrong_language": {
        "en": "The chat model answered in another language; here are the sources' own words.",
        "zh": "聊天模型使用了其他语言，以下为资料原话。",
    },
    "malformed": {
        "en": "The chat model's reply was no usable answer; here are the sources' own words.",
        "zh": "聊天模型的回复无法使用，以下为资料原话。",
    },
    "unsupported": {
        "en": "Nothing that the chat model wrote stood the check against the sources; here are "
        "their own words.",
        "zh": "聊天模型所写的内容均未通过核对，以下为资料原话。",
    },
    "failed": {
        "en": "The chat model failed; here are the sources' own words.",
        "zh": "聊天模型出错，以下为资料原话。",
    },
    "original": {"en": "original", "zh": "原文"},
    "digest": {"en": "digest", "zh": "摘要"},
    "translation": {"en": "translation", "zh": "译文"},
    "cost": {
        "en": "composed by {composer}; the chat model took {about}{tokens_in} tokens in, "
        "{tokens_out} out",
        "zh": "由{composer}撰写；聊天模型输入{about}{tokens_in}词元，输出{tokens_out}词元",
    },
    "about": {"en": "about ", "zh": "约"},
    "and": {"en": ", ", "zh": "、"},
    "more": {"en": "{documents} and {count} more", "zh": "{documents}，另有{count}份"},
    "stop": {"en": " ", "zh": ""},
    "silent": {
        "en": "Nothing about it was found in: {documents}.",
        "zh": "以下文件中没有找到相关内容：{documents}。",
    },
    "taken": {"en": "{first}{others}.", "zh": "{first}{others}。"},
    "taken_as": {"en": "“{typed}” was taken as “{taken}”", "zh": "“{typed}”已理解为“{taken}”"},
    "taken_too": {"en": ", “{typed}” as “{taken}”", "zh": "，“{typed}”为“{taken}”"},
    "there_are": {
        "en": "There are {count} documents here:",
        "zh": "这里共有{count}份文件：",
    },
    "listed": {"en": "{title} ({facts})", "zh": "{title}（{facts}）"},
    "made_from": {
        "en": "The original is by {of}, issued by {publisher}; the {what} here was written by "
        "{by}.",
        "zh": "原文作者是{of}，由{publisher}发布；这里的{what}由{by}撰写。",
    },
    "written_by": {
        "en": "It was written and published by {author}.",
        "zh": "由{author}撰写并发布。",
    },
    "written_for": {
        "en": "It was written by {author} and published by {publisher}.",
        "zh": "作者是{author}，由{publisher}发布。",
    },
    "no_author": {"en": "Its record names no author.", "zh": "记录中没有写明作者。"},
    "dated": {"en": "It is dated {date}.", "zh": "日期是{date}。"},
    "no_date": {"en": "Its record has no date.", "zh": "记录中没有日期。"},
    "of_kind": {"en": "The text here is of the kind: {kind}.", "zh": "这里的文本是{kind}。"},
    "in_language": {"en": "It was written in {name}.", "zh": "原文是{name}。"},
    "in_language_translated": {
        "en": "It is in {name}; the translation into {other} beside it is by {by}.",
        "zh": "文本是{name}；旁边的{other}译文由{by}提供。",
    },
    "address": {"en": "It can be read at {url}", "zh": "可在此阅读：{url}"},
    "address_original": {
        "en": "The original text can be read at {url}",
        "zh": "原文可在此阅读：{url}",
    },
    "no_address": {"en": "Its record has no address.", "zh": "记录中没有网址。"},
    "number_is": {"en": "Its number is {number}.", "zh": "文号是{number}。"},
    "no_number": {"en": "Its record has no document number.", "zh": "记录中没有文号。"},
    "title_is": {"en": "Its title is “{title}”.", "zh": "标题是《{title}》。"},
    "en": {"en": "English", "zh": "英文"},
    "zh": {"en": "Chinese", "zh": "中文"},
    "says_nothing": {"en": "says nothing about it.", "zh": "没有提到。"},
    "nothing_more": {
        "en": "The sources name no others beyond what was said.",
        "zh": "除已经说到的以外，资料没有提到其他的。",
    },
    "place_is": {"en": "It stands in {title}{where}.", "zh": "出自{title}{where}。"},
    "greeting": {
        "en": "Hello! Ask me anything about {documents}: what they say, who wrote them, or how "
        "they compare.",
        "zh": "你好！可以问我关于{documents}的任何问题：内容是什么、谁写的、彼此有何异同。",
    },
    "thanks": {
        "en": "You are welcome. Ask on, if there is more you would like to know.",
        "zh": "不客气。还想了解什么，请继续问。",
    },
    "self": {
        "en": "I am an assistant that answers from documents and quotes them word for word: "
        "{documents}. Where they are silent, I tell you so.",
        "zh": "我是一个根据文件回答问题的助手，引用的都是文件原话：{documents}。文件没有说到的，"
        "我会如实告诉你。",
    },
    "help": {
        "en": "You can ask for facts (“who …”, “how many …”), for an overview or key points, for a "
        "comparison of documents, which documents mention something, or who wrote them and when; "
        "in English or Chinese. The documents: {documents}.",
        "zh": "可以问事实（谁、多少、何时），让我概述或列出要点，比较几份文件，查哪些文件提到某事，"
        "或问作者和日期；中文英文都行。现有文件：{documents}。",
    },
    "farewell": {"en": "Goodbye!", "zh": "再见！"},
    "labelled": {"en": "{label}: {text}", "zh": "{label}：{text}"},
}


def say(key: MessageKey, language: Language, **values: str) -> str:
    """The sentence for `key` in a language, its gaps filled."""
    return _TEXTS[key][language].format(**values)


def page_words(page: int, language: Language) -> str:
    """Where in the original: "p. 4", "第4页"; "" without pages (0)."""
    if not page:
        return ""
    return f"第{page}页" if language == "zh" else f"p. {page}"


def enumerate_names(names: tuple[str, ...], language: Language) -> str:
    """Names as one phrase, quoted so that they stand out."""
    marks = ("“", "”")
    return say("and", language).join(f"{marks[0]}{name}{marks[1]}" for name in names)


# How many documents are named before the rest is only counted: a sentence, not a catalogue.
TITLES = 8


def enumerate_titles(sources: Sequence[Source], language: Language) -> str:
    """The titles of some sources as one phrase, the first of many."""
    titles = say("and", language).join(source.title(language) for source in sources[:TITLES])
    if len(sources) > TITLES:
        titles = say("more", language, documents=titles, count=str(len(sources) - TITLES))
    # A title's own "[1]" would read as a citation.
    return titles.translate(str.maketrans("[]", "()"))


def marked(statement: Statement) -> str:
    """A statement with the markers of its citations, and with its doubts where there are any."""
    markers = "".join(f"[{number}]" for number in statement.citations)
    said = f"{statement.text} {markers}".rstrip()
    if statement.support == "supported":
        return said
    key: MessageKey = "partly" if statement.support == "partly" else "unconfirmed"
    remark = say(key, statement.language)
    doubted = tuple(issue.text for issue in statement.issues if issue.text)
    if doubted:
        colon = "：" if statement.language == "zh" else ": "
        remark += colon + enumerate_names(doubted, statement.language)
    return f"{said}（{remark}）" if statement.language == "zh" else f"{said} ({remark})"
