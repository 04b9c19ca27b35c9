"""The rooms of ARCHITECTURE.md and who may enter them, read from the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

# module → the modules of the project that it may import (evaluation and ui: anything below them).
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "types": set(),
    "figures": set(),
    "sentences": {"types"},
    "carrier": {"errors"},
    "bundled_graph": {"carrier"},
    "quick_tokenizer": set(),
    "bundled_folder": {"bundled_graph", "carrier", "quick_tokenizer"},
    "bundled_model": {"bundled_folder", "bundled_graph", "carrier", "errors"},
    "settings": {"errors"},
    "language": {"types"},
    "messages": {"types"},
    "bodies": {"language", "messages", "types"},
    "builds": {"errors"},
    "lexical": {"language", "types"},
    "glossary": {"errors", "language", "types"},
    "embeddings": {
        "bundled_folder",
        "bundled_graph",
        "bundled_model",
        "errors",
        "quick_tokenizer",
        "settings",
    },
    "chroma": {"errors", "settings"},
    "index": {"builds", "chroma", "errors", "glossary", "lexical", "settings", "types"},
    "naming": {"figures", "glossary", "language", "types"},
    "questions": {"errors", "glossary", "language", "types"},
    "ranking": {"index", "types"},
    "answer_types": {"figures", "language", "questions", "types"},
    "quoting": {"answer_types", "index", "lexical", "questions", "ranking", "types"},
    "grounding": {"figures", "types"},
    "reader": {"embeddings", "settings", "types"},
    "reading": {"quoting", "reader", "types"},
    "coverage": {"glossary", "language", "naming", "questions"},
    "decision": {"types"},
    "sufficiency": {
        "coverage",
        "decision",
        "index",
        "naming",
        "questions",
        "quoting",
        "reading",
        "types",
    },
    "searching": {
        "decision",
        "embeddings",
        "errors",
        "index",
        "language",
        "naming",
        "questions",
        "quoting",
        "ranking",
        "reader",
        "reading",
        "settings",
        "sufficiency",
        "types",
    },
    "composing": {
        "grounding",
        "index",
        "messages",
        "quoting",
        "reading",
        "searching",
        "types",
    },
    "answer": {"bodies", "messages", "types"},
    "retrieval": {"types"},
    "local_model": {"errors", "settings"},
    "chat_providers": {"settings"},
    "chat_failures": {"chat_providers", "errors", "settings"},
    "chat_chunks": set(),
    "chat_reply": {
        "chat_chunks",
        "chat_failures",
        "errors",
        "language",
        "settings",
        "tracing",
        "types",
    },
    "chat_model": {"chat_reply", "errors", "settings", "tracing", "types"},
    "chat_opening": {"chat_model", "chat_providers", "errors", "local_model", "settings"},
    "prompts": {"types"},
    "spans": {"errors", "types"},
    "tracing": {"errors", "settings", "spans", "types"},
    "model_run": {"chat_model", "chat_reply", "tracing", "types"},
    "brackets": set(),
    "markers": {"brackets"},
    "drafts": {"markers", "sentences"},
    "reply_guard": {"language", "types"},
    "writing": {
        "drafts",
        "errors",
        "markers",
        "model_run",
        "prompts",
        "reply_guard",
        "types",
    },
    "claim_judge": {"model_run", "prompts", "types"},
    "checking": {
        "claim_judge",
        "composing",
        "drafts",
        "glossary",
        "grounding",
        "language",
        "messages",
        "questions",
        "types",
        "verification",
    },
    "authoring": {
        "checking",
        "claim_judge",
        "composing",
        "drafts",
        "errors",
        "index",
        "messages",
        "model_run",
        "prompts",
        "searching",
        "settings",
        "tracing",
        "types",
        "writing",
    },
    "follow_ups": {"glossary", "language", "questions"},
    "conversation": {
        "answer",
        "errors",
        "follow_ups",
        "glossary",
        "language",
        "model_run",
        "naming",
        "prompts",
        "questions",
        "types",
    },
    "responding": {
        "answer",
        "authoring",
        "chat_model",
        "composing",
        "conversation",
        "errors",
        "index",
        "language",
        "messages",
        "model_run",
        "searching",
        "settings",
        "sufficiency",
        "tracing",
        "types",
    },
    "answering": {
        "answer",
        "builds",
        "chat_model",
        "chat_opening",
        "conversation",
        "embeddings",
        "errors",
        "index",
        "reader",
        "responding",
        "retrieval",
        "searching",
        "settings",
        "types",
        "tracing",
        "spans",
    },
    "__init__": {"answer", "answering", "errors", "settings", "types"},
    "__main__": {"answer", "answering", "bodies", "errors", "settings"},
}
# What assistant/verification may import of the assistant.
BELOW_VERIFICATION = {"glossary", "language", "questions", "types"}
ROOMS = ("assistant", "assistant/verification", "assistant/evaluation", "ingest")
HEAVY = {
    *("torch", "transformers", "sentence_transformers", "onnxruntime", "chromadb"),
    *("gradio", "gradio_client", "fastapi", "mcp", "uvicorn"),
}


def imports_of(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Dotted names that a file imports; relative ones come as `.name`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            if node.level and not node.module:
                found |= {dots + alias.name for alias in node.names}
            else:
                found.add(dots + (node.module or ""))
    return found


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).glob("*.py"))


@pytest.mark.parametrize("path", modules("assistant"), ids=lambda p: p.stem)
def test_each_assistant_module_imports_only_the_rooms_below_it(path: Path) -> None:
    mine = {name.removeprefix(".") for name in imports_of(path) if name.startswith(".")}
    assert mine <= ALLOWED[path.stem], f"{path.name} enters {mine - ALLOWED[path.stem]}"


def test_no_rule_stands_for_a_module_that_is_gone() -> None:
    assert set(ALLOWED) == {path.stem for path in modules("assistant")}


@pytest.mark.parametrize("path", modules("assistant/verification"), ids=lambda p: p.stem)
def test_verification_imports_only_the_rooms_below_it(path: Path) -> None:
    outside = {name.removeprefix("..") for name in imports_of(path) if name.startswith("..")}
    assert outside <= BELOW_VERIFICATION


@pytest.mark.parametrize("path", modules("assistant"), ids=lambda p: p.stem)
def test_the_assistant_never_imports_ingest_or_the_page(path: Path) -> None:
    assert not {n.split(".")[0] for n in imports_of(path)} & {"ingest", "ui", "tests", "web"}


@pytest.mark.parametrize("path", modules("ingest"), ids=lambda p: p.stem)
def test_ingest_imports_nothing_that_answers(path: Path) -> None:
    answering = {"answering", "quoting", "ranking", "composing", "sufficiency", "retrieval"}
    theirs = {n.removeprefix("assistant.") for n in imports_of(path) if n.startswith("assistant.")}
    assert not theirs & answering
    assert not {n.split(".")[0] for n in imports_of(path)} & {"ui", "web"}


def test_only_one_module_imports_chroma() -> None:
    users = [
        path.name
        for folder in (*ROOMS, "web")
        for path in modules(folder)
        if any(name.split(".")[0] == "chromadb" for name in imports_of(path))
    ]
    assert users == ["chroma.py"]


def test_heavy_packages_are_imported_inside_the_functions_that_need_them() -> None:
    paths = [path for folder in (*ROOMS, "web") for path in modules(folder)]
    for path in [*paths, ROOT / "ui.py"]:
        top = {name.split(".")[0] for name in imports_of(path, top_level_only=True)}
        assert not top & HEAVY, path


def test_nothing_is_read_or_loaded_at_import() -> None:
    program = f"import sys, assistant, ingest, ui\nprint(sorted(set(sys.modules) & {HEAVY!r}))\n"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
