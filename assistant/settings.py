"""Settings: the only reader of the environment and of `assistant.toml`.

Order of precedence: arguments, `ASSISTANT_*` variables, `assistant.toml` in the working
directory (or the file that `ASSISTANT_CONFIG` names), defaults.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from .errors import SettingsError

LanguagePolicy = Literal["auto", "en", "zh", "both"]
Composer = Literal["auto", "quotes", "model"]
Unsupported = Literal["mark", "drop"]
_ROOT = Path(__file__).resolve().parent.parent
_PREFIX = "ASSISTANT_"
# Where things are, how long one waits for them and who is told: answers do not hang on these.
_NOT_SHAPING = frozenset(
    "home corpus cache chroma_url chat_base_url chat_timeout_s chat_stall_s chat_retries "
    "trace password upload_mb document_pages document_chars read_seconds read_mb "
    "fetch_seconds".split()
)
_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


def _default_corpus() -> Path:
    checkout = _ROOT / "corpus"
    return checkout if checkout.is_dir() else Path(__file__).resolve().parent / "corpus"


def _default_home() -> Path:
    if (_ROOT / "corpus" / "sources.toml").is_file():
        return _ROOT / ".assistant"
    return _xdg("XDG_DATA_HOME", ".local/share")


def _default_cache() -> Path:
    return _xdg("XDG_CACHE_HOME", ".cache")


def _xdg(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / fallback) / "report-assistant"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set; made once and passed in.

    home: where indexes live. corpus: the folder of `sources.toml`. cache: where the bundled
    model is unpacked. embedding_model: "bundled", a hub name or a folder. chroma_url: a Chroma
    server instead of files. passages: how many are retrieved (1 to 50). passage_tokens: the
    longest passage (32 to 500). question_chars: the longest question. language: of the
    answers; "auto" follows the question, "both" gives them side by side.

    chat_model: who writes answers, as PROVIDER:MODEL ("" for nobody); chat_base_url: the address
    of an OpenAI-compatible server. composer: "auto" writes where a chat model is set and quotes
    elsewhere. chat_timeout_s: the longest a reply may take in all, seconds; chat_stall_s: its
    longest silence once it has begun. chat_retries: how often a call is made again. chat_tokens:
    the longest reply. history_tokens: how much of a conversation a follow-up is understood by.
    unsupported: what becomes of written sentences that the passages do not carry. chat_judge:
    whether the chat model checks them a second time. chat_plan: whether it says of every request
    what kind of reply is due, by one short call more; else only follow-ups are put to it. trace:
    whether LangSmith may be told of questions and answers, where its own variables ask for that.

    upload_mb: the largest file that can be added (1 to 500 megabytes). document_pages,
    document_chars: the longest document. read_seconds, read_mb: what reading one file may take;
    it is stopped beyond. fetch_seconds: what fetching one address may take.
    password: what the web chat and its interfaces for programs ask for ("" for nothing); it is
    not part of the id, of what a run records, nor of the printed form.
    """

    home: Path = field(default_factory=_default_home)
    corpus: Path = field(default_factory=_default_corpus)
    cache: Path = field(default_factory=_default_cache)
    embedding_model: str = "bundled"
    chroma_url: str = ""
    # Of report-test's questions, 99.5 % have their evidence among the first six passages.
    passages: int = 6
    # Half of what the bundled model reads at once; other lengths were not compared.
    passage_tokens: int = 256
    question_chars: int = 2000
    language: LanguagePolicy = "auto"
    composer: Composer = "auto"
    chat_model: str = ""
    chat_base_url: str = ""
    chat_timeout_s: float = 120.0
    chat_stall_s: float = 30.0
    chat_retries: int = 2
    chat_tokens: int = 800
    history_tokens: int = 1500
    unsupported: Unsupported = "mark"
    chat_judge: bool = False
    chat_plan: bool = True
    trace: bool = False
    upload_mb: int = 20
    document_pages: int = 2_000
    document_chars: int = 1_000_000
    read_seconds: float = 180.0
    read_mb: int = 2_000
    fetch_seconds: float = 60.0
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Reject values outside their range."""
        for name, low, high in (
            ("passages", 1, 50),
            ("passage_tokens", 32, 500),
            ("question_chars", 20, 20_000),
            ("chat_timeout_s", 1, 3_600),
            ("chat_stall_s", 1, 3_600),
            ("chat_retries", 0, 10),
            ("chat_tokens", 32, 16_000),
            ("history_tokens", 0, 100_000),
            ("upload_mb", 1, 500),
            ("document_pages", 1, 100_000),
            ("document_chars", 1_000, 100_000_000),
            ("read_seconds", 1, 86_400),
            ("read_mb", 256, 1_000_000),
            ("fetch_seconds", 1, 3_600),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(
                    f"{name} is {value}, but must lie between {low} and {high}. "
                    f"Change {_PREFIX}{name.upper()} or assistant.toml."
                )
        for name, choices in (
            ("language", get_args(LanguagePolicy)),
            ("composer", get_args(Composer)),
            ("unsupported", get_args(Unsupported)),
        ):
            if getattr(self, name) not in choices:
                raise SettingsError(
                    f"{name} is {getattr(self, name)!r}, but must be one of {', '.join(choices)}. "
                    f"Change {_PREFIX}{name.upper()} or assistant.toml."
                )
        if self.password != self.password.strip() or not self.password.isprintable():
            # A header would lose such characters on its way; the value itself is never shown.
            raise SettingsError(
                "password begins or ends with a space, or holds characters that cannot be typed. "
                f"Choose another one in {_PREFIX}PASSWORD or assistant.toml."
            )
        if self.composer == "model" and not self.chat_model:
            raise SettingsError(
                "composer is 'model', but no chat model is set. Name one as PROVIDER:MODEL in "
                f"{_PREFIX}CHAT_MODEL or assistant.toml, or set composer to auto."
            )

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, *, directory: Path | None = None
    ) -> Settings:
        """The settings of this process.

        Raises SettingsError for an unknown name, a value of the wrong type or an unreadable file.
        """
        environ = os.environ if environ is None else environ
        values = _from_file(environ, directory or Path.cwd())
        for key, text in environ.items():
            if key.startswith(_PREFIX) and key != f"{_PREFIX}CONFIG":
                values[key.removeprefix(_PREFIX).lower()] = text
        return cls(**{key: _typed(key, value) for key, value in values.items()})

    @property
    def id(self) -> str:
        """A short name for the settings that can change an answer."""
        shaping = {key: value for key, value in asdict(self).items() if key not in _NOT_SHAPING}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:8]


def _from_file(environ: Mapping[str, str], directory: Path) -> dict[str, Any]:
    named = environ.get(f"{_PREFIX}CONFIG")
    path = Path(named) if named else directory / "assistant.toml"
    if not named and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} cannot be read ({error}). Mend it or remove it."
        ) from error


def _typed(key: str, value: Any) -> Any:
    known = {f.name: str(f.type) for f in fields(Settings)}
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SettingsError(
            f"There is no setting {key!r} (as {_PREFIX}{key.upper()} or in assistant.toml).{hint} "
            f"The settings are: {', '.join(known)}."
        )
    try:
        match known[key]:
            case "Path":
                return Path(value).expanduser()
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "bool":
                return value if isinstance(value, bool) else _WORDS[str(value).lower()]
            case _:
                return str(value)
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"The setting {key!r} is {value!r}, but must be of type {known[key]}."
        ) from error
