"""Requests to the page's server as its script, a program or an attacker makes them."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock

from assistant import Settings
from assistant.web.admission import FullError, Lane
from assistant.web.allowed_routes import ALLOWED
from assistant.web.body_limit import MOST_BODY_BYTES
from assistant.web.uploads import MOST_FILES, Uploads
from ingest import DocumentError, build_index, open_library
from ingest.storing import lock_path

from .asgi_server import serving
from .tiny import CHINESE, ENGLISH, write_corpus

SAID = "you did not upload it"
# Gradio leaves event loops open in the process that makes a page.
WALK = """
import json
import gradio, fastapi
with gradio.Blocks(analytics_enabled=False) as page:
    gradio.Textbox()
app = gradio.mount_gradio_app(fastapi.FastAPI(openapi_url=None), page, path="/", ssr_mode=False)
def walk(routes):
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if getattr(route, "methods", None):
            yield route.path, sorted(route.methods)
        elif inner is not None:
            yield from walk(inner.routes)
print(json.dumps([*walk(app.routes)]))
"""
# What stands for a parameter where a route would do most.
GIVEN = {"path_or_url": "http://127.0.0.1:9/x", "path": "etc/passwd", "api_name": "ask"}


def upload(visitor: httpx.Client, *files: tuple[str, bytes]) -> list[str]:
    """Where the files of one request lie now."""
    reply = visitor.post("/gradio_api/upload", files=[("files", file) for file in files])
    assert reply.status_code == 200, reply.text
    paths: list[str] = reply.json()
    return paths


def file_data(path: str) -> dict[str, Any]:
    """A file as Gradio's script sends it to an event."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def events(visitor: httpx.Client) -> list[dict[str, Any]]:
    """All events that the server handles."""
    dependencies = visitor.get("/config").json()["dependencies"]
    return [event for event in dependencies if event["backend_fn"]]


def clicked(visitor: httpx.Client, elem_id: str) -> int:
    """The number of the event of this button."""
    components = visitor.get("/config").json()["components"]
    id_ = next(c["id"] for c in components if c["props"].get("elem_id") == elem_id)
    found: int = next(e["id"] for e in events(visitor) if [id_, "click"] in e["targets"])
    return found


def told(visitor: httpx.Client, event: int, data: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """What the page is told of an event from its call to its end."""
    session = secrets.token_hex(8)
    asked = {"data": data, "fn_index": event, "session_hash": session}
    visitor.post("/gradio_api/queue/join", json=asked).raise_for_status()
    stream = visitor.stream("GET", f"/gradio_api/queue/data?session_hash={session}", timeout=60)
    with stream as reply:
        for line in reply.iter_lines():
            if line.startswith("data:"):
                yield (message := json.loads(line[5:]))
                if message["msg"] in ("process_completed", "unexpected_error"):
                    return


def said(visitor: httpx.Client, event: int, data: Sequence[Any]) -> str:
    """All that the page is told."""
    return json.dumps([*told(visitor, event, data)], ensure_ascii=False)


def named(visitor: httpx.Client, name: str) -> int:
    """The number of the event that programs call by this name."""
    found: int = next(e["id"] for e in events(visitor) if e["api_name"] == name)
    return found


def outcome(visitor: httpx.Client, event: int, data: Sequence[Any]) -> Mapping[str, Any]:
    """The last that the page is told: whether it went well, and what is shown then."""
    *_, last = told(visitor, event, data)
    return last


@pytest.fixture(scope="module")
def page_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("uploads")
    corpus = write_corpus(folder / "corpus", {"firms": (ENGLISH, CHINESE)})
    settings = Settings(home=folder / "home", corpus=corpus)
    build_index(settings)
    return settings


@pytest.fixture
def come(page_address: str) -> Iterator[Callable[[], httpx.Client]]:
    """Brings a further visitor, with a cookie jar of their own."""
    visitors: list[httpx.Client] = []

    def visitor() -> httpx.Client:
        visitors.append(httpx.Client(base_url=page_address, trust_env=False))
        return visitors[-1]

    yield visitor
    for one in visitors:
        one.close()


def added(visitor: httpx.Client, *files: Any) -> str:
    """All that the page is told when these are added."""
    return said(visitor, clicked(visitor, "add"), [[*files], "", "en"])


# ---- how much a request may bring ----


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/mcp", "/v1/chat/completions"])
@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_gets_a_sentence(
    path: str, told: bool, come: Callable[[], httpx.Client]
) -> None:
    piece = b" " * 1_000_000
    pieces = [*[piece] * (MOST_BODY_BYTES // len(piece)), b"{}"]
    headers = {"Content-Type": "application/json"}
    # Without its length a body arrives in chunks.
    body = b"".join(pieces) if told else iter(pieces)
    reply = come().post(path, content=body, headers=headers)
    assert reply.status_code == 413
    said = reply.json()["error"]["message"]
    assert said == "The request has more than 20 MB. Send less at once."


# ---- whose they are ----


def test_a_file_is_added_by_who_uploaded_it_and_not_kept(
    come: Callable[[], httpx.Client],
) -> None:
    visitor = come()
    (path,) = upload(visitor, ("lido 湖.txt", b"The lido opened in 1931."))
    assert visitor.get(f"/gradio_api/file={path}").content == b"The lido opened in 1931."
    assert "lido 湖.txt was added" in added(visitor, file_data(path))
    assert not Path(path).exists()


@pytest.mark.parametrize("place", ["/etc/hostname", "{secret}", "http://127.0.0.1:9/x.txt", ""])
def test_nothing_else_is_added(
    come: Callable[[], httpx.Client], tmp_path: Path, place: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The combination is 7312.", encoding="utf-8")
    visitor = come()
    (own,) = upload(visitor, ("own.txt", b"Mine."))
    forged = file_data(place.format(secret=secret))
    for files in ([forged], [file_data(own), forged]):
        said = added(visitor, *files)
        assert SAID in said
        assert "7312" not in said
    assert visitor.get(f"/gradio_api/file={forged['path']}").status_code == 404


def test_a_file_of_another_visitor_is_out_of_reach(come: Callable[[], httpx.Client]) -> None:
    one, other = come(), come()
    (path,) = upload(one, ("diary.txt", b"Dear diary."))
    upload(other, ("own.txt", b"Mine."))
    assert SAID in added(other, file_data(path))
    assert SAID in added(come(), file_data(path))
    assert other.get(f"/gradio_api/file={path}").status_code == 404
    assert one.get(f"/gradio_api/file={path}").status_code == 200


def test_no_event_takes_a_file_anywhere_in_its_values(come: Callable[[], httpx.Client]) -> None:
    visitor = come()
    forged = file_data("/etc/hostname")
    for event in events(visitor):
        for position in range(len(event["inputs"])):
            for value in (forged, [forged], {"a": [{"b": forged}]}):
                data: list[Any] = [""] * len(event["inputs"])
                data[position] = value
                done = outcome(visitor, event["id"], data)
                assert not done["success"]
                assert SAID in str(done["output"]["error"]), (event["id"], position)


# ---- how many, how large, how long ----


@contextmanager
def taking(**limits: float) -> Iterator[tuple[Uploads, httpx.Client]]:
    """Uploads of at most a megabyte each behind a server, and a visitor."""
    uploads = Uploads(1, **limits)
    with (
        closing(uploads),
        serving(uploads.router()) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=60) as visitor,
    ):
        yield uploads, visitor


def kept(uploads: Uploads) -> list[Path]:
    """All files that lie on the disk."""
    return [path for path in uploads.folder.rglob("*") if path.is_file() and path.name != "lock"]


def send(visitor: httpx.Client, *files: tuple[str, bytes], client: str = "10.0.0.1") -> str:
    """What is said of these files: a sentence, or where they lie. httpx's server sees `client`."""
    headers = {"X-Forwarded-For": client}
    many = [("files", file) for file in files]
    reply = visitor.post("/gradio_api/upload", files=many, headers=headers)
    return f"{reply.status_code}: {reply.text}"


def test_too_much_is_told_in_a_sentence_and_nothing_of_it_stays() -> None:
    megabyte = bytes(1_000_000)
    with taking() as (uploads, visitor):
        assert send(visitor, ("a.txt", b"x"), ("b.txt", megabyte + b"x")) == (
            "413: A file is larger than 1 MB; nothing was uploaded. Leave it out."
        )
        many = [(f"{n}.txt", b"x") for n in range(MOST_FILES + 1)]
        assert send(visitor, *many).startswith("413: More than 20 files at once;")
        assert send(visitor, *[("a.txt", megabyte)] * 11).startswith("413: More than 10 MB at once")
        assert send(visitor).startswith("400: This is no form")
        assert visitor.post("/gradio_api/upload", data={"files": "x"}).status_code == 400
        assert not kept(uploads)
        for _ in range(2):
            assert send(visitor, *[("a.txt", megabyte)] * 4).startswith("200")
        assert send(visitor, *[("a.txt", megabyte)] * 4).startswith("429: 10 MB are waiting")
        chinese = {"Accept-Language": "zh-CN", "X-Forwarded-For": "10.0.0.1"}
        refused = visitor.post(
            "/gradio_api/upload", files=[("files", ("a", megabyte))] * 4, headers=chinese
        )
        assert "来自您地址的 10 MB 文件尚待添加" in refused.text
        assert len(kept(uploads)) == 8


def test_everybody_s_uploads_together_are_bounded_and_room_is_made_again() -> None:
    with taking() as (uploads, visitor):
        nine = [("a.txt", bytes(1_000_000))] * 9
        for number in range(11):
            assert send(visitor, *nine, client=f"10.0.1.{number}").startswith("200")
        assert send(visitor, *nine, client="10.0.2.1").startswith("429: Too many uploads")
        for path in kept(uploads)[:18]:
            uploads.drop(str(path))
        assert send(visitor, *nine, client="10.0.2.1").startswith("200")


def test_empty_files_count_too() -> None:
    with taking() as (uploads, visitor):
        for _ in range(5):
            assert send(visitor, *[("a.txt", b"")] * 20).startswith("200")
        assert send(visitor, ("a.txt", b"")).startswith("429")
        assert len(kept(uploads)) == 100


@pytest.mark.parametrize("name", ["", ".", "..", "../../x.txt", "a/../..", "/etc/x", "长" * 300])
def test_any_name_stays_in_its_folder(name: str) -> None:
    with taking() as (uploads, visitor):
        assert send(visitor, (name, b"x"))[:3] in ("200", "400")
        assert all(path.parent.parent == uploads.folder for path in kept(uploads))


def test_what_nobody_adds_goes_in_time() -> None:
    with taking(lifetime_s=0.2) as (uploads, visitor):
        (path,) = upload(visitor, ("a.txt", b"x"))
        assert Path(path).exists()
        wait_until(lambda: not kept(uploads))
        assert visitor.get(f"/gradio_api/file={path}").status_code == 404


def test_an_upload_that_is_cut_off_or_too_slow_leaves_nothing() -> None:
    head = (
        b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n"
        b'Content-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    )
    with taking(request_s=1.0) as (uploads, visitor):
        port = visitor.base_url.port or 0
        for leave in (True, False):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(head + bytes(400_000))
                wait_until(lambda: bool(kept(uploads)))
                if not leave:
                    assert b"408" in line.recv(100)
            wait_until(lambda: not kept(uploads))
        assert send(visitor, *[("a.txt", bytes(1_000_000))] * 9).startswith("200")


def test_what_a_killed_server_left_goes_at_the_next_start() -> None:
    script = (
        "import os; from assistant.web.uploads import Uploads; u = Uploads(1);"
        "(u.folder / 'left.txt').write_text('x'); print(u.folder, flush=True); os._exit(9)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    left = Path(ran.stdout.strip())
    assert (left / "left.txt").exists()
    with closing(Uploads(1)) as one, closing(Uploads(1)) as other:
        assert not left.exists()
        assert one.folder.exists()
    assert not one.folder.exists()
    assert not other.folder.exists()


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for what happens in another thread."""
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ---- changes beside answers ----


def test_answers_do_not_wait_for_changes_and_changes_not_without_end(
    come: Callable[[], httpx.Client], page_settings: Settings
) -> None:
    visitor = come()
    add, search = clicked(visitor, "add"), named(visitor, "search")
    asked = ["How many firms were there in May 2016?", 1, None]
    assert outcome(visitor, search, asked)["success"]
    with ThreadPoolExecutor(40) as people, FileLock(lock_path(page_settings)):
        calls = []
        for number in range(40):
            (path,) = upload(visitor, (f"{number}.txt", b"Rain falls."))
            calls.append(people.submit(said, visitor, add, [[file_data(path)], "", "en"]))
        full = [call.result(30) for call in calls[9:]]
        began = time.monotonic()
        assert outcome(visitor, search, asked)["success"]
        assert time.monotonic() - began < 5
        # One changes, eight wait, and what they have chosen is kept for those who cannot.
        assert all("Others are changing the library just now." in steps for steps in full)
        assert visitor.get(f"/gradio_api/file={path}").status_code == 200
    # The same text each time.
    assert all("0.txt" in call.result(60) for call in calls[:9])


@pytest.mark.parametrize(
    ("button", "chosen", "most"),
    [
        ("fetch", "\n".join(f"http://a.example/{n}" for n in range(20_000)), 10),
        ("remove", ["x"] * 101, 100),
    ],
)
def test_a_change_of_too_many_at_once_is_refused(
    come: Callable[[], httpx.Client], button: str, chosen: Any, most: int
) -> None:
    visitor = come()
    told_all = said(visitor, clicked(visitor, button), [chosen, "en"])
    assert f"At most {most} at once: nothing was changed." in told_all


def test_too_many_files_at_once_are_refused_and_stay_chosen(
    come: Callable[[], httpx.Client],
) -> None:
    visitor = come()
    paths = upload(visitor, *[(f"{n}.txt", b"x") for n in range(MOST_FILES)])
    paths += upload(visitor, ("more.txt", b"x"))
    assert "At most 20 at once" in added(visitor, *map(file_data, paths))
    assert visitor.get(f"/gradio_api/file={paths[0]}").status_code == 200


def test_who_waits_for_the_library_is_told_after_a_while(page_settings: Settings) -> None:
    with (
        FileLock(lock_path(page_settings)),
        pytest.raises(DocumentError, match="Others are changing the library just now"),
        open_library(page_settings, wait_s=0.1),
    ):
        pass


def test_a_lane_tells_who_waits_too_long_and_who_finds_it_full() -> None:
    async def come_at_once() -> list[object]:
        lane, go_on = Lane(threads=1, waiting=1, wait_s=0.2), threading.Event()
        works = [asyncio.ensure_future(lane.run(go_on.wait, 20)) for _ in range(3)]
        told = await asyncio.gather(*works[1:], return_exceptions=True)
        go_on.set()
        return [await works[0], *told, await lane.run(str, 1)]

    first, waited, full, later = asyncio.run(come_at_once())
    assert (first, later) == (True, "1")
    assert isinstance(waited, FullError)
    assert isinstance(full, FullError)


# ---- which routes there are ----


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, list[str]]]:
    """All that a mounted page has, and how each is asked."""
    ran = subprocess.run([sys.executable, "-c", WALK], capture_output=True, check=True, text=True)
    return [(path, methods) for path, methods in json.loads(ran.stdout.splitlines()[-1])]


def test_every_route_of_gradio_is_listed_or_not_there(
    page_address: str, routes: list[tuple[str, list[str]]]
) -> None:
    paths = {path for path, _ in routes}
    assert len(paths) > 50
    assert set(ALLOWED) <= paths
    with httpx.Client(base_url=page_address, trust_env=False) as visitor:
        for path, methods in routes:
            # Ours in Gradio's place: what they take is held by test_uploads.py.
            ours = path in ("/gradio_api/upload",)
            if path in ALLOWED or ours:
                continue
            asked = re.sub(r"\{(\w+)(:\w+)?\}", lambda m: GIVEN.get(m[1], "x"), path)
            for method in methods:
                reply = visitor.request(method, asked)
                assert reply.status_code == 404, (method, asked)


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/openapi.json",
        "/gradio_api/mcp/",
        "/gradio_api/file=http://127.0.0.1:9/x.txt",
        "/gradio_api/file=https%3A%2F%2Fexample.com%2F",
        "/gradio_api/file=/etc/hostname",
        "/gradio_api/file=../../etc/hostname",
        "/gradio_api/proxy=http://127.0.0.1:9/",
        "/config/",
        "/no/such/thing",
    ],
)
def test_nothing_is_fetched_or_read_by_address(page_address: str, path: str) -> None:
    assert httpx.get(f"{page_address}{path}").status_code == 404
