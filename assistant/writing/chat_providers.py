"""The usual providers of chat models: packages, keys, addresses."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..settings import Settings

# A service that is there takes a connection within this time; the reply may take far longer.
CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Provider:
    """The extra with a provider's package; the variables that hold its key and its address."""

    extra: str
    keys: tuple[str, ...]
    address: str


PROVIDERS = {
    "openai": Provider("openai", ("OPENAI_API_KEY",), "OPENAI_BASE_URL"),
    "anthropic": Provider("anthropic", ("ANTHROPIC_API_KEY",), "ANTHROPIC_BASE_URL"),
    "google_genai": Provider("google", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), "GOOGLE_BASE_URL"),
    "ollama": Provider("ollama", ("OLLAMA_API_KEY",), "OLLAMA_HOST"),
}
HOW = (
    "Name it as PROVIDER:MODEL, such as openai:gpt-4o-mini, anthropic:claude-sonnet-4-5, "
    "google_genai:gemini-2.5-flash, ollama:qwen3 or local:/path/to/model.gguf."
)
# Providers' packages share one pool of connections between their models, and each connection
# belongs to the event loop that opened it: kept ones would fail in the loop of the next model.
NO_POOL = {"Connection": "close"}


def where(name: str, settings: Settings) -> str:
    """The address in use and what sets it, without a password that stands in it."""
    if name.startswith("local:"):
        return "its file"
    if url := settings.chat_base_url:
        parts = urlsplit(url)
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
        hint = "; most end in /v1" if provider_of(name).extra == "openai" else ""
        return f"the address {shown.geturl()} (ASSISTANT_CHAT_BASE_URL{hint})"
    return f"its address (ASSISTANT_CHAT_BASE_URL or {provider_of(name).address})"


def provider_of(name: str) -> Provider:
    """What is known of the provider that a chat model's name begins with."""
    provider = name.partition(":")[0].strip().lower().replace("-", "_")
    # A model that was passed in made already has only the name of its class.
    upper = provider.upper() if ":" in name else "PROVIDER"
    return PROVIDERS.get(provider, Provider("", (f"{upper}_API_KEY",), f"{upper}_BASE_URL"))
