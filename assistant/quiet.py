"""LangSmith stays off unless it was asked for.

LANGSMITH_TRACING in the environment has LangChain send every run to LangSmith. A question may be
anybody's secret: it leaves only where that was asked for, by the setting `trace` or by callbacks
that the caller hands in. LangChain adds no tracer of its own where it finds one already, so runs
are given one that tells nobody. (langsmith's `tracing_context(enabled=False)` would silence a
tracer that was handed in, too.)
"""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableBinding, RunnableConfig
from langchain_core.runnables.config import merge_configs
from langchain_core.tracers import BaseTracer, LangChainTracer


class SilentTracer(LangChainTracer):
    """Stands where LangSmith's tracer would, and is told nothing."""

    ignore_llm = ignore_chat_model = ignore_chain = ignore_agent = True
    ignore_retriever = ignore_retry = ignore_custom_event = True

    def __init__(self) -> None:
        """Without the client that LangSmith's tracer opens."""
        BaseTracer.__init__(self)

    def copy_with_metadata_defaults(self, **_: Any) -> SilentTracer:
        """Itself: what it would add to runs is for nobody."""
        return self


def quiet(config: RunnableConfig | None) -> RunnableConfig:
    """The config of a run that LangSmith is not told of."""
    # A new one each time: LangChain keeps in it what it knows of the caller's own runs.
    return merge_configs(config, {"callbacks": [SilentTracer()]})


class QuietChain(RunnableBinding[Any, Any]):
    """A chain (`bound`) of which LangSmith is not told, however it is run."""

    def _merge_configs(self, *configs: RunnableConfig | None) -> RunnableConfig:
        return quiet(super()._merge_configs(*configs))
