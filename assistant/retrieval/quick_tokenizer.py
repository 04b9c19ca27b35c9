"""The tokenizer for texts in our two languages: a third of the time to load, the same tokens.

XLM-R knows 250,000 pieces of a hundred languages, and reading them is half of a cold answer.
Those that hold a letter of a script that neither English nor Chinese uses cannot occur in
a text without such letters: they are left out here, and a text that has them gets the whole
tokenizer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from array import array
from functools import cached_property
from pathlib import Path
from typing import Any

TOKENIZER_PATH = "onnx/tokenizer.json"
IDS_PATH = "onnx/token_ids.bin"
MAX_TOKENS = 512  # as many positions as the model was trained with

# Greek to Georgian, Indic, Hangul, Ethiopic, Khmer, Mongolian, kana: all between Latin and Han.
_ELSEWHERE = re.compile(
    "[\u0370-\u1cff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\ua000-\uabff\uac00-\ud7ff]"
)


def quick_files(tokenizer: dict[str, Any]) -> dict[str, bytes]:
    """A tokenizer.json without the pieces of other scripts and the kept pieces' own ids, by path.

    The ids are unsigned 32-bit integers: piece i of the small vocabulary is piece ids[i].
    """
    vocabulary = tokenizer["model"]["vocab"]
    kept = [i for i, (piece, _) in enumerate(vocabulary) if not _ELSEWHERE.search(piece)]
    place = {old: new for new, old in enumerate(kept)}
    small = tokenizer | {
        "model": tokenizer["model"] | {"vocab": [vocabulary[i] for i in kept]},
        "added_tokens": [t | {"id": place[t["id"]]} for t in tokenizer["added_tokens"]],
    }
    return {
        TOKENIZER_PATH: json.dumps(small, ensure_ascii=False).encode(),
        IDS_PATH: array("I", kept).tobytes(),
    }


class QuickTokenizer:
    """Token ids as the whole tokenizer gives them. Safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        """Load the small vocabulary of a bundled model's folder."""
        from tokenizers import Tokenizer

        self._folder = folder
        self._small = Tokenizer.from_file(str(folder / TOKENIZER_PATH))
        self._ids = array("I", (folder / IDS_PATH).read_bytes())

    def ids(self, text: str) -> list[int]:
        """The text's token ids with the special tokens around them; not cut."""
        return self._encode(text, special=True)[0]

    def pieces(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids without special ones, and the characters of the text that each stands for."""
        return self._encode(text, special=False)

    def cut_ids(self, text: str) -> list[int]:
        """The token ids, cut to what the model reads, the closing token kept."""
        ids = self.ids(text)
        return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]

    def _encode(self, text: str, *, special: bool) -> tuple[list[int], list[tuple[int, int]]]:
        # Normalising comes first: "µ" is Latin, and becomes a Greek letter.
        if _ELSEWHERE.search(unicodedata.normalize("NFKC", text)):
            whole = self._whole.encode(text, add_special_tokens=special)
            return whole.ids, whole.offsets
        small = self._small.encode(text, add_special_tokens=special)
        return [self._ids[number] for number in small.ids], small.offsets

    @cached_property
    def _whole(self) -> Any:
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self._folder / "tokenizer.json"))
