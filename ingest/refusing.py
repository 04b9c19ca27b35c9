"""Why a document is not taken, or not taken out, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from assistant.errors import CorpusError
from assistant.types import Language

from .formats.languages import CHINESE_NAMES

Reason = Literal[
    "kind",
    "unreadable",
    "too_large",
    "too_long",
    "too_many_pages",
    "empty",
    "binary",
    "encoding",
    "damaged",
    "encrypted",
    "wrong_password",
    "scan",
    "foreign",
    "old_word",
    "time",
    "memory",
    "bomb",
    "crashed",
    "install",
    "no_page",
    "nothing",
    "no_folder",
    "no_synced",
    "emptied",
    "address",
    "private_address",
    "unknown_host",
    "unreachable",
    "insecure",
    "redirect",
    "redirects",
    "downgrade",
    "http_status",
    "bad_answer",
    "cut_off",
    "fetch_time",
    "no_official",
    "not_official",
    "shipped",
    "unknown",
    "no_document",
    "disk",
    "busy",
]

_SAID: Mapping[Language, Mapping[Reason, str]] = {
    "en": {
        "kind": "{name} was not added: it is none of the kinds that can be read (PDF, DOCX, HTML, "
        "EPUB, Markdown, plain text, CSV). Save it as one of these.",
        "unreadable": "{name} was not added: it cannot be read ({why}). Choose another file.",
        "too_large": "{name} was not added: it is larger than {mb} MB. Split it, or raise "
        "ASSISTANT_UPLOAD_MB.",
        "empty": "{name} was not added: it holds no text beside headings. Choose another file.",
        "binary": "{name} was not added: it is no text, whatever its name says. Save its words as "
        "plain text.",
        "encoding": "{name} was not added: its encoding cannot be told. Save it as UTF-8.",
        "too_long": "{name} was not added: it holds {found:,} characters, and at most {chars:,} "
        "are taken. Split it, or raise ASSISTANT_DOCUMENT_CHARS.",
        "too_many_pages": "{name} was not added: it has {found:,} pages, and at most {pages:,} "
        "are read. Split it, or raise ASSISTANT_DOCUMENT_PAGES.",
        "damaged": "{name} was not added: the file is damaged ({why}). Get it again, or open it in "
        "its own program and save it anew.",
        "encrypted": "{name} was not added: it is protected by a password. Give the password, or "
        "save it without one.",
        "wrong_password": "{name} was not added: the password does not open it. Try another one, "
        "or save the file without one.",
        "scan": "{name} was not added: it is a scan: {pages} p. of pictures without text. "
        "Install the `ocr` extra (pip install -e '.[ocr]') to have scans read, or "
        "add a version with text.",
        "foreign": "{name} was not added: it is neither in English nor in Chinese ({language}). "
        "Add a translation.",
        "old_word": "{name} was not added: it is in the format of Word 2003 or older. Save it as "
        ".docx.",
        "time": "{name} was not added: reading it took longer than {seconds:.0f} seconds. Split "
        "it, or raise ASSISTANT_READ_SECONDS.",
        "memory": "{name} was not added: reading it took more than {mb} MB of memory. Split it, "
        "or raise ASSISTANT_READ_MB.",
        "bomb": "{name} was not added: it unpacks to more than {mb} MB. Split it, or open it in "
        "its own program and save it anew.",
        "crashed": "{name} was not added: the program that reads such files stopped at it. Open it "
        "in its own program and save it anew.",
        "install": "{name} was not added: what reads such files is not installed whole ({why}). "
        "Run `make run` again; `python -m ingest doctor` tells what is missing.",
        "no_page": "There is no picture of page {page} of {name}.",
        "nothing": "{name} names no file of a kind that can be read (PDF, DOCX, HTML, EPUB, "
        "Markdown, plain text, CSV). Check its spelling.",
        "no_folder": "The folder {name} is not there, so nothing was changed. Is its disk "
        "connected? Otherwise take its documents out with `python -m ingest remove`.",
        "no_synced": "No folder is kept in step with the library yet. Name one: `python -m ingest "
        "sync FOLDER`.",
        "emptied": "The folder {name} holds none of its {count} documents any more, so nothing was "
        "changed. If that is meant, run `python -m ingest sync --allow-empty` on it.",
        "address": "{name} was not fetched: it is no address that is taken. Give one that begins "
        "with https:// or http://, names its server plainly, holds no user name or password, and "
        "has no port or 80, 443, or one from 1024.",
        "private_address": "{name} was not fetched: {host} lies on this machine or in a private "
        "network. If you trust it, use --allow-private.",
        "unknown_host": "{name} was not fetched: the server {host} is not known. Check the "
        "spelling and the connection to the Internet.",
        "unreachable": "{name} was not fetched: the server {host} does not answer. Try again "
        "later, or download the file yourself and add it.",
        "insecure": "{name} was not fetched: there is no secure connection to {host}; its "
        "certificate cannot be verified. Check the address, or download the file yourself.",
        "redirect": "{name} was not fetched: it leads on to {to}, which is no address that is "
        "taken. Give the address of the document itself.",
        "redirects": "{name} was not fetched: it leads from one address to the next too often. "
        "Give the address of the document itself.",
        "downgrade": "{name} was not fetched: it leads on to {to}, where nothing is encrypted. "
        "If you trust that address, give it instead.",
        "http_status": "{name} was not fetched: the server answers {status}. Open it in a "
        "browser, and download the file there or try again later.",
        "bad_answer": "{name} was not fetched: the server's answer cannot be understood. "
        "Download the file yourself and add it.",
        "cut_off": "{name} was not fetched: it did not arrive whole. Try again, or download the "
        "file yourself and add it.",
        "fetch_time": "{name} was not fetched: it took longer than {seconds:.0f} seconds. Try "
        "again later, or raise ASSISTANT_FETCH_SECONDS.",
        "no_official": "There is no official text to fetch for {name!r}; there is one for {ids}.",
        "not_official": "The text of {name} does not take the place of {id}: it is not the whole "
        "official text ({missing} not found). The digest stays; give another address with "
        "--address {id}=URL.",
        "shipped": "{name} came with the assistant and cannot be removed; documents that were "
        "added can.",
        "unknown": "There is no document {name!r} to remove; it may be gone already.",
        "no_document": "There is no document {name!r}. Near it: {hint}.",
        "disk": "The library {name} cannot be written ({why}). Mend that and try again.",
        "busy": "Others are changing the library just now. Please try again in a few minutes.",
    },
    "zh": {
        "kind": "未添加{name}：不属于可读取的格式（PDF、DOCX、HTML、EPUB、Markdown、纯文本、CSV）。"
        "请另存为其中一种。",
        "unreadable": "未添加{name}：无法读取（{why}）。请另选文件。",
        "too_large": "未添加{name}：超过{mb} MB。请拆分，或调高ASSISTANT_UPLOAD_MB。",
        "empty": "未添加{name}：除标题外没有文字。请另选文件。",
        "binary": "未添加{name}：虽有此名，但并非文本。请将其文字另存为纯文本。",
        "encoding": "未添加{name}：无法判断编码。请另存为UTF-8。",
        "too_long": "未添加{name}：共{found:,}字符，最多接受{chars:,}字符。请拆分，或调高"
        "ASSISTANT_DOCUMENT_CHARS。",
        "too_many_pages": "未添加{name}：共{found:,}页，最多读取{pages:,}页。请拆分，或调高"
        "ASSISTANT_DOCUMENT_PAGES。",
        "damaged": "未添加{name}：文件已损坏（{why}）。请重新获取，或用原程序打开后另存。",
        "encrypted": "未添加{name}：文件受密码保护。请提供密码，或另存为无密码的文件。",
        "wrong_password": "未添加{name}：密码不正确。请换一个密码，或另存为无密码的文件。",
        "scan": "未添加{name}：共{pages}页，均为没有文字的图像。请安装`ocr`扩展"
        "（pip install -e '.[ocr]'）以识别扫描件，或添加带文字的版本。",
        "foreign": "未添加{name}：既非英文也非中文（{language}）。请添加译文。",
        "old_word": "未添加{name}：为Word 2003或更早的格式。请另存为.docx。",
        "time": "未添加{name}：读取超过{seconds:.0f}秒。请拆分，或调高ASSISTANT_READ_SECONDS。",
        "memory": "未添加{name}：读取占用内存超过{mb} MB。请拆分，或调高ASSISTANT_READ_MB。",
        "bomb": "未添加{name}：解压后超过{mb} MB。请拆分，或用原程序打开后另存。",
        "crashed": "未添加{name}：读取程序因该文件中止。请用原程序打开后另存。",
        "install": "未添加{name}：读取此类文件所需的程序安装不全（{why}）。请重新运行`make run`；"
        "`python -m ingest doctor`会指出缺少什么。",
        "no_page": "{name}没有第{page}页的图像。",
        "nothing": "{name}未指向任何可读取的文件（PDF、DOCX、HTML、EPUB、Markdown、纯文本、CSV）。"
        "请检查拼写。",
        "no_folder": "文件夹{name}不存在，未作任何更改。请检查磁盘是否已连接；"
        "否则请用`python -m ingest remove`移除其资料。",
        "no_synced": "尚无与资料库同步的文件夹。请指定一个：`python -m ingest sync 文件夹`。",
        "emptied": "文件夹{name}中的{count}份资料均已不在，未作任何更改。"
        "如确系有意，请对其运行`python -m ingest sync --allow-empty`。",
        "address": "未获取{name}：该地址不被接受。请给出以https://或http://开头、写明服务器名称、"
        "不含用户名或密码的地址；端口可省略，或为80、443、1024及以上。",
        "private_address": "未获取{name}：{host}位于本机或专用网络。如可信任，请使用"
        "--allow-private。",
        "unknown_host": "未获取{name}：找不到服务器{host}。请检查拼写和网络连接。",
        "unreachable": "未获取{name}：服务器{host}没有响应。请稍后再试，或自行下载文件后添加。",
        "insecure": "未获取{name}：无法与{host}建立安全连接，其证书未能通过验证。请检查地址，"
        "或自行下载文件。",
        "redirect": "未获取{name}：该地址转到{to}，后者不被接受。请给出文件本身的地址。",
        "redirects": "未获取{name}：该地址转来转去，次数过多。请给出文件本身的地址。",
        "downgrade": "未获取{name}：该地址转到未加密的{to}。如可信任，请直接给出后者。",
        "http_status": "未获取{name}：服务器返回{status}。请在浏览器中打开，下载文件或稍后再试。",
        "bad_answer": "未获取{name}：无法理解服务器的答复。请自行下载文件后添加。",
        "cut_off": "未获取{name}：文件没有完整送达。请重试，或自行下载文件后添加。",
        "fetch_time": "未获取{name}：用时超过{seconds:.0f}秒。请稍后再试，或调高"
        "ASSISTANT_FETCH_SECONDS。",
        "no_official": "没有可为{name!r}获取的官方原文；可获取的有{ids}。",
        "not_official": "{name}的文本不能取代{id}：它不是完整的官方原文（未见{missing}）。"
        "摘要予以保留；请用--address {id}=URL给出其他地址。",
        "shipped": "{name}为随附资料，不能移除；只能移除后来添加的资料。",
        "unknown": "没有可移除的资料{name!r}，可能已被移除。",
        "no_document": "没有资料{name!r}。相近的有：{hint}。",
        "disk": "无法写入资料库{name}（{why}）。请排除问题后重试。",
        "busy": "其他人正在更改资料库，请几分钟后再试。",
    },
}
_CHINESE: Mapping[str, str] = {
    "it is not there": "文件不存在",
    "it is no file": "不是文件",
    "it is no (PDF|DOCX|EPUB) file": r"并非\1文件",
    "it has no body": "缺少正文",
    "it was cut off or changed": "不完整或被改动过",
    "its container names no book": "容器中未指明书籍",
    "its list of chapters is missing": "缺少章节列表",
    "its part (.+) cannot be unpacked": r"其中的\1无法解压",
    "its part (.+) is no valid XML": r"其中的\1不是有效的XML",
    "its parts are nested without end": "内部嵌套没有止境",
    "its parts cannot be found": "找不到其组成部分",
    "its protection cannot be undone": "无法解除其保护",
    "its protection is of an unknown kind": "其保护方式不明",
    "none of its pages can be loaded": "没有一页能够载入",
}


class DocumentError(CorpusError):
    """A document that cannot be added or removed; library and index are as they were."""

    def __init__(self, reason: Reason, name: str, **values: object) -> None:
        """`name` is the document's; `values` fill what else the sentence holds."""
        self.reason: Reason = reason
        self.values: Mapping[str, object] = {"name": name, **values}
        super().__init__(self.said("en"))

    def said(self, language: Language) -> str:
        """The cause and the next step, in the asked language."""
        values = dict(self.values)
        if language == "zh" and "language" in values:
            # Languages are told in English; Chinese has its own names for them.
            values["language"] = CHINESE_NAMES.get(str(values["language"]), values["language"])
        if language == "zh" and "why" in values:
            values["why"] = cause_zh(str(values["why"]))
        return _SAID[language][self.reason].format(**values)


def cause_zh(cause: str) -> str:
    """A cause in Chinese; what libraries and systems say stays as they say it."""
    for pattern, chinese in _CHINESE.items():
        if match := re.fullmatch(pattern, cause, re.S):
            return match.expand(chinese)
    return cause
