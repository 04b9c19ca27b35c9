"""Question sets and benchmarks: `python -m assistant.evaluation --help`."""

from .questions import GoldEvidence, SetQuestion, read_set
from .run import Outcome, Summary, run_set, summarise

__all__ = [
    "GoldEvidence",
    "Outcome",
    "SetQuestion",
    "Summary",
    "read_set",
    "run_set",
    "summarise",
]
