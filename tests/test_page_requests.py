"""Requests to the page's server as its script, a program or an attacker makes them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant import Settings
from ingest import build_index
from web.allowed_routes import ALLOWED

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
    session = f"s{event}{id(data)}"
    asked = {"data": data, "fn_index": event, "session_hash": session}
    visitor.post("/gradio_api/queue/join", json=asked).raise_for_status()
    stream = visitor.stream("GET", f"/gradio_api/queue/data?session_hash={session}", timeout=60)
    with stream as reply:
        for line in reply.iter_lines():
            if line.startswith("data:"):
                yield (message := json.loads(line[5:]))
                if message["msg"] in ("process_completed", "unexpected_error"):
                    return


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
    steps = [*told(visitor, clicked(visitor, "add"), [[*files], "", "en"])]
    return json.dumps(steps, ensure_ascii=False)


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
