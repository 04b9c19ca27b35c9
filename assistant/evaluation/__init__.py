"""Question sets and benchmarks: `python -m assistant.evaluation --help`."""

from .run import EvaluationReport, evaluate
from .score import Result
from .sets import GoldEvidence, ReadSets, SetQuestion, read_set, read_sets
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
