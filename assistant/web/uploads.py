"""Files that visitors upload: whose they are, how much is taken, and when they are forgotten.

It stands in for Gradio's own upload, which takes any amount, keeps it for ever, and does not look
where a file came from when the page is mounted in another application.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ..types import Language
from .labels import Labels, reader_language
from .origins import client_of, cookie_name

if TYPE_CHECKING:
    from fastapi import APIRouter, Request, Response

# Files of one request, and of one change of the library: reading one may take three minutes.
MOST_FILES = 20
# What is kept of one client address, and of all, in largest files (20 MB unless set otherwise):
# ten people with long scans at once, and a disk that nobody can fill.
CLIENT_FILES, ALL_FILES = 10, 100
# What a file counts at least, so that empty ones are bounded, too: 2,000 of a client.
LEAST_BYTES = 100_000
# A request of 200 MB comes through at 3 Mbit/s.
REQUEST_S = 600.0
# Who chose files adds them at once; what was wrong with a password is typed again.
LIFETIME_S = 3_600.0
_SAID: Mapping[Language, Labels] = {
    "en": {
        "file": "A file is larger than {file_mb} MB; nothing was uploaded. Leave it out.",
        "files": "More than {files} files at once; nothing was uploaded. Add them in parts.",
        "request": "More than {client_mb} MB at once; nothing was uploaded. Add them in parts.",
        "client": "{client_mb} MB are waiting to be added from your address. Add those first; "
        "what is not added is deleted after an hour.",
        "all": "Too many uploads are waiting on this server. Please try again in an hour.",
        "slow": "The upload took longer than {minutes:.0f} minutes. Upload fewer files at a time.",
        "form": "This is no form with files.",
        "disk": "The server cannot store uploads just now; tell whoever runs it to make room.",
    },
    "zh": {
        "file": "有文件超过 {file_mb} MB，未上传任何文件，请去掉该文件。",
        "files": "一次不能超过 {files} 个文件，未上传任何文件，请分批添加。",
        "request": "一次不能超过 {client_mb} MB，未上传任何文件，请分批添加。",
        "client": "来自您地址的 {client_mb} MB 文件尚待添加，请先添加；未添加的文件一小时后删除。",
        "all": "服务器上待添加的文件过多，请一小时后再试。",
        "slow": "上传超过 {minutes:.0f} 分钟，请减少每次上传的文件。",
        "form": "请求中没有文件表单。",
        "disk": "服务器目前无法保存上传的文件，请告知服务器的管理者清理磁盘。",
    },
}
# A page asks for the end of an upload at once.
_PROGRESS_S = 60.0
_STATUS = {"client": 429, "all": 429, "slow": 408, "form": 400, "disk": 507}  # 413 for all else
_PREFIX = "report-assistant-uploads-"
_VISITOR = re.compile(r"[\w-]{22}", re.ASCII)  # 16 random bytes as `secrets.token_urlsafe` has them


@dataclass(frozen=True, slots=True)
class _Kept:
    visitor: str
    client: str
    counted: int


class _RefusedError(Exception):
    """An upload that is not taken; its argument is the key of the sentence that says why."""


class Uploads:
    """The files that visitors of this run have uploaded; for one event loop.

    A visitor is a browser session, known by a cookie of its own. How much is kept is counted by
    client address: cookies cost nothing.
    """

    def __init__(
        self, file_mb: int, *, request_s: float = REQUEST_S, lifetime_s: float = LIFETIME_S
    ) -> None:
        """Make the folder of this run; what earlier runs left behind is deleted.

        file_mb: the largest file. request_s: how long one upload may take. lifetime_s: after how
        long a file that nobody added is deleted.
        """
        _sweep()
        self._file_bytes = file_mb * 1_000_000
        self.client_bytes = CLIENT_FILES * self._file_bytes
        self._request_s, self._lifetime_s = request_s, lifetime_s
        self._counted: Counter[str] = Counter()
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = FileLock(self.folder / "lock")
        self._lock.acquire()
        self._files: dict[str, _Kept] = {}

    def close(self) -> None:
        """Delete everything; for the end of the program."""
        self._files.clear()
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def are_own(self, request: Request, value: Any) -> bool:
        """Whether every file that is named anywhere in `value` is one that its sender uploaded.

        Any mapping with a path counts as a file: Gradio would open or fetch what it names.
        """
        if isinstance(value, Mapping):
            if "path" in value and not self._is_own(request, value["path"]):
                return False
            value = list(value.values())
        return not isinstance(value, list | tuple) or all(self.are_own(request, v) for v in value)

    def drop(self, path: str) -> None:
        """Delete a file that is not needed any more."""
        if kept := self._files.pop(path, None):
            self.uncount(kept.client, kept.counted)
            shutil.rmtree(Path(path).parent, ignore_errors=True)

    def router(self) -> APIRouter:
        """The way in, and the way out for who brought a file; at Gradio's own addresses."""
        from fastapi import APIRouter

        router = APIRouter()
        router.add_route("/gradio_api/upload", self._take, methods=["POST"])
        router.add_route("/gradio_api/file={path:path}", self._give, methods=["GET"])
        return router

    def _is_own(self, request: Request, path: Any) -> bool:
        kept = self._files.get(path) if isinstance(path, str) else None
        return kept is not None and kept.visitor == _visitor(request)

    async def _take(self, request: Request) -> Response:
        """Store the files of a form and say where they lie, or why none of them is taken."""
        from fastapi.responses import JSONResponse, PlainTextResponse
        from starlette.requests import ClientDisconnect

        visitor = _visitor(request) or secrets.token_urlsafe(16)
        arriving = self.folder / f"arriving-{secrets.token_hex(16)}"
        arriving.mkdir()
        body = _Body(request, self)
        why = ""
        try:
            async with asyncio.timeout(self._request_s):
                try:
                    response = JSONResponse(await self._stored(body, arriving, visitor))
                except _RefusedError as error:
                    why = str(error)
                    # A browser shows no answer that comes before it has sent everything.
                    await body.drain()
        except TimeoutError:
            why = "slow"
        except OSError:
            logging.getLogger("ui").exception("An upload could not be stored.")
            why = "disk"
        except ClientDisconnect:
            why = "form"
        finally:
            body.uncount()
            shutil.rmtree(arriving, ignore_errors=True)
        if why:
            language = reader_language("", request.headers.get("accept-language", ""))
            sentence = _SAID[language][why].format(
                files=MOST_FILES,
                file_mb=self._file_bytes // 1_000_000,
                client_mb=self.client_bytes // 1_000_000,
                minutes=self._request_s / 60,
            )
            return PlainTextResponse(sentence, _STATUS.get(why, 413))
        name, secure = cookie_name(request.scope, "visitor"), request.url.scheme == "https"
        response.set_cookie(name, visitor, secure=secure, httponly=True, samesite="strict")
        return response

    async def _stored(self, body: _Body, arriving: Path, visitor: str) -> list[str]:
        from gradio.route_utils import GradioMultiPartParser, GradioUploadFile
        from gradio.routes import file_upload_statuses
        from gradio_client.utils import strip_invalid_filename_characters
        from starlette.formparsers import MultiPartException

        request = body.request
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise _RefusedError("form")
        progress = request.query_params.get("upload_id")
        parser = GradioMultiPartParser(
            request.headers,
            body.chunks(),
            max_files=MOST_FILES,
            max_fields=0,
            upload_dir=arriving,
            max_file_size=self._file_bytes,
            upload_id=progress,
            upload_progress=file_upload_statuses if progress else None,
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            causes = {"File size": "file", "Too many files": "files"}
            why = [key for start, key in causes.items() if error.message.startswith(start)]
            raise _RefusedError(*why or ["form"]) from error
        finally:
            if progress:
                file_upload_statuses.set_done(progress)
                # A page that does not ask for it any more would leave it in memory.
                forget = file_upload_statuses.stop_tracking
                asyncio.get_running_loop().call_later(_PROGRESS_S, forget, progress)
        files = [file for _, file in form.multi_items() if isinstance(file, GradioUploadFile)]
        counts = [max(file.size or 0, LEAST_BYTES) for file in files]
        # What has arrived counts as what is kept from now on.
        body.uncount()
        self.count(body.client, sum(counts))
        paths = []
        for file, counted in zip(files, counts, strict=True):
            name = strip_invalid_filename_characters(Path(file.filename or "").name)
            path = self.folder / secrets.token_hex(16) / (name if name.strip(".") else "file")
            path.parent.mkdir()
            file.file.close()
            os.replace(str(file.file.name), path)
            self._files[str(path)] = _Kept(visitor, body.client, counted)
            asyncio.get_running_loop().call_later(self._lifetime_s, self.drop, str(path))
            paths.append(str(path))
        return paths

    def count(self, client: str, size: int) -> None:
        """Count bytes that arrive or are kept; raises _RefusedError for more than there may be."""
        if self._counted[client] + size > self.client_bytes:
            raise _RefusedError("client")
        if self._counted.total() + size > ALL_FILES * self._file_bytes:
            raise _RefusedError("all")
        self._counted[client] += size

    def uncount(self, client: str, size: int) -> None:
        """Forget bytes that were counted."""
        self._counted[client] -= size
        if not self._counted[client]:
            del self._counted[client]

    async def _give(self, request: Request) -> Response:
        """A visitor's own file, as a download: nothing of it may run as a page of ours."""
        from fastapi.responses import FileResponse, PlainTextResponse

        path = request.path_params["path"]
        if not self._is_own(request, path):
            return PlainTextResponse("There is no such file.", 404)
        return FileResponse(path, media_type="application/octet-stream", filename=Path(path).name)


class _Body:
    """What a request brings, counted as it arrives."""

    def __init__(self, request: Request, uploads: Uploads) -> None:
        self.request, self.client = request, client_of(request.scope)
        self._uploads = uploads
        self._counted = 0
        self._ended = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while not self._ended:
            chunk = await self._next()
            if self._counted + len(chunk) > self._uploads.client_bytes:
                raise _RefusedError("request")
            self._uploads.count(self.client, len(chunk))
            self._counted += len(chunk)
            yield chunk

    def uncount(self) -> None:
        """Forget what has arrived so far."""
        self._uploads.uncount(self.client, self._counted)
        self._counted = 0

    async def drain(self) -> None:
        """Let the rest arrive and forget it."""
        while not self._ended:
            await self._next()

    async def _next(self) -> bytes:
        from starlette.requests import ClientDisconnect

        message = await self.request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))


def _visitor(request: Request) -> str:
    """Who asks; "" for somebody without a cookie."""
    value = request.cookies.get(cookie_name(request.scope, "visitor"), "")
    return value if _VISITOR.fullmatch(value) else ""


def _sweep() -> None:
    """Delete the folders of runs that have ended, killed ones too: nobody holds their locks."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Held by a run that goes on (`Timeout` is an OSError), or swept by another one just now.
        with suppress(OSError):
            # Others on this machine could put a folder there to have us follow their links.
            if folder.lstat().st_uid == os.getuid() and (folder / "lock").is_file():
                with FileLock(folder / "lock", timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
