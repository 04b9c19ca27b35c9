"""Files that visitors upload: whose they are, how much is taken, and when they are forgotten.

It stands in for Gradio's own upload, which takes any amount, keeps it for ever, and does not look
where a file came from when the page is mounted in another application.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from fastapi import APIRouter, Request, Response

_PREFIX = "report-assistant-uploads-"
_VISITOR = re.compile(r"[\w-]{22}", re.ASCII)  # 16 random bytes as `secrets.token_urlsafe` has them


@dataclass(frozen=True, slots=True)
class _Kept:
    visitor: str


class Uploads:
    """The files that visitors of this run have uploaded; for one event loop.

    A visitor is a browser session, known by a cookie of its own.
    """

    def __init__(self) -> None:
        """Make the folder of this run; what earlier runs left behind is deleted."""
        _sweep()
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
        if self._files.pop(path, None):
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
        """Store the files of a form, and say where they lie."""
        from fastapi.responses import JSONResponse, PlainTextResponse
        from gradio.route_utils import GradioMultiPartParser, GradioUploadFile
        from gradio.routes import file_upload_statuses
        from gradio_client.utils import strip_invalid_filename_characters
        from starlette.formparsers import MultiPartException

        visitor = _visitor(request) or secrets.token_urlsafe(16)
        folder = self.folder / secrets.token_hex(16)
        folder.mkdir()
        progress = request.query_params.get("upload_id")
        parser = GradioMultiPartParser(
            request.headers,
            request.stream(),
            upload_dir=folder,
            max_file_size=float("inf"),
            upload_id=progress,
            upload_progress=file_upload_statuses if progress else None,
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            return PlainTextResponse(error.message, 400)
        paths: list[str] = []
        for file in form.getlist("files"):
            assert isinstance(file, GradioUploadFile)
            name = strip_invalid_filename_characters(Path(file.filename or "").name) or "file"
            path = folder / str(len(paths)) / name
            path.parent.mkdir()
            file.file.close()
            os.replace(str(file.file.name), path)
            self._files[str(path)] = _Kept(visitor)
            paths.append(str(path))
        response = JSONResponse(paths)
        secure = request.url.scheme == "https"
        response.set_cookie(
            _cookie_name(request), visitor, secure=secure, httponly=True, samesite="strict"
        )
        return response

    async def _give(self, request: Request) -> Response:
        """A visitor's own file, as a download: nothing of it may run as a page of ours."""
        from fastapi.responses import FileResponse, PlainTextResponse

        path = request.path_params["path"]
        if not self._is_own(request, path):
            return PlainTextResponse("There is no such file.", 404)
        return FileResponse(path, media_type="application/octet-stream", filename=Path(path).name)


def _visitor(request: Request) -> str:
    """Who asks; "" for somebody without a cookie."""
    value = request.cookies.get(_cookie_name(request), "")
    return value if _VISITOR.fullmatch(value) else ""


def _cookie_name(request: Request) -> str:
    # Browsers send a cookie to all ports of a host: two servers must not overwrite each other's.
    server = request.scope.get("server")
    return f"assistant_visitor_{server[1] if server else 0}"


def _sweep() -> None:
    """Delete the folders of runs that have ended, killed ones too: nobody holds their locks."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Others on this machine could put a folder there to have us follow their links.
        if folder.lstat().st_uid != os.getuid() or not (folder / "lock").is_file():
            continue
        try:
            with FileLock(folder / "lock", timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            pass
