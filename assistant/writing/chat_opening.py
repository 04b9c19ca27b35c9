"""The chat model that the settings name, opened."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import SettingsError
from ..settings import Settings
from .chat_model import ChatModel
from .chat_providers import CONNECT_S, HOW, NO_POOL, provider_of
from .local_model import CONTEXT_TOKENS, open_local_server

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def open_chat_model(settings: Settings) -> ChatModel | None:
    """The chat model that `settings.chat_model` names; None where answers are only quoted.

    Key and, where `chat_base_url` is "", address come from the provider's own environment
    variables (OPENAI_API_KEY, OPENAI_BASE_URL). Raises SettingsError when package, key, file or
    provider is missing.
    """
    name = settings.chat_model.strip()
    if not name or settings.composer == "quotes":
        return None
    provider, _, model = name.partition(":")
    provider = provider.strip().lower().replace("-", "_")
    if not provider or not model:
        raise SettingsError(f"There is no chat model {name!r}. {HOW}")
    if provider == "local":
        path = Path(model)
        server = open_local_server(path)
        name = f"local:{path.name}"
        return ChatModel(name, server.model(settings), settings, release=server.close)
    address = urlsplit(settings.chat_base_url)
    if settings.chat_base_url and (address.scheme not in ("http", "https") or not address.netloc):
        raise SettingsError(
            "chat_base_url is no address. Give ASSISTANT_CHAT_BASE_URL as http://HOST:PORT/v1."
        )
    return ChatModel(name, _opened(name, provider, model, settings), settings)


def _opened(name: str, provider: str, model: str, settings: Settings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    known = provider_of(name)
    keyless = not any(os.environ.get(variable) for variable in known.keys)
    try:
        opened: BaseChatModel = init_chat_model(
            model, model_provider=provider, **_options(provider, settings, keyless=keyless)
        )
        key = getattr(opened, "anthropic_api_key", None)
        # ChatAnthropic opens without a key and fails at its first request.
        if key is not None and not key.get_secret_value():
            raise ValueError("no key")
    except ImportError as error:
        named = re.search(r"pip install ([\w-]+)", str(error))
        package = named.group(1) if named else f"langchain-{provider.replace('_', '-')}"
        wanted = f"'report-assistant[{known.extra}]'" if known.extra else package
        raise SettingsError(
            f"The chat model {name!r} needs a package that is not installed. "
            f"Run `pip install {wanted}`."
        ) from error
    except Exception as error:  # each provider's package has exceptions of its own
        if isinstance(error, ValueError) and "Unsupported provider" in str(error):
            raise SettingsError(
                f"There is no chat model {name!r}: no provider is called {provider!r}. {HOW}"
            ) from error
        if keyless:
            raise SettingsError(
                f"The chat model {name!r} needs a key. Set {' or '.join(known.keys)}."
            ) from error
        raise SettingsError(
            f"The chat model {name!r} cannot be opened ({type(error).__name__}). Check its name, "
            f"its key and its address. {HOW}"
        ) from error
    return opened


def _options(provider: str, settings: Settings, *, keyless: bool) -> dict[str, Any]:
    """What `init_chat_model` is given: each provider's package has its own names for some."""
    address, longest, wait = settings.chat_base_url, settings.chat_tokens, settings.chat_timeout_s
    options: dict[str, Any] = {"base_url": address} if address else {}
    options["temperature"] = 0
    if provider == "ollama":
        import httpx

        # Without num_ctx Ollama cuts the front off a long prompt without a word; a model that
        # thinks aloud would spend the reply on it.
        client = {"timeout": httpx.Timeout(wait, connect=CONNECT_S), "headers": NO_POOL}
        ollama = {"num_predict": longest, "num_ctx": CONTEXT_TOKENS, "reasoning": False}
        return {**options, **ollama, "client_kwargs": client}
    options |= {"max_tokens": longest, "timeout": wait, "max_retries": 0}
    if provider == "anthropic":
        options["default_headers"] = NO_POOL
    if provider == "openai":
        from openai import Timeout

        options["timeout"] = Timeout(wait, connect=CONNECT_S)
        # ChatModel keeps the time between pieces itself.
        options |= {"stream_chunk_timeout": None, "stream_usage": True}
        options["default_headers"] = NO_POOL
        if address:
            # The name that every compatible server knows; OpenAI's own has replaced it.
            options["extra_body"] = {"max_tokens": options.pop("max_tokens")}
            options["use_responses_api"] = False
            if keyless:
                options["api_key"] = "none"
    return options
