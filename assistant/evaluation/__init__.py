"""Question sets and benchmarks: `python -m assistant.evaluation --help`."""

from .run import evaluate
from .score import Result
from .sets import GoldEvidence, ReadSets, SetQuestion, read_set, read_sets
from .summary import Estimate, EvaluationReport, Group, summarise

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
