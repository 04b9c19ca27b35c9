"""Question sets and benchmarks: `python -m assistant.evaluation --help`."""

from .questions import GoldEvidence, ReadSets, SetQuestion, read_set, read_sets
from .results import Result
from .run import EvaluationReport, evaluate
from .summary import Estimate, Group, summarise

__all__ = [
    "Estimate",
    "EvaluationReport",
    "GoldEvidence",
    "Group",
    "ReadSets",
    "Result",
    "SetQuestion",
    "evaluate",
    "read_set",
    "read_sets",
    "summarise",
]
