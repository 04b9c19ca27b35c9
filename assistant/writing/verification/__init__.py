"""Whether what a written sentence claims is carried by the passages that it cites."""

from .check import Check, check_claim

__all__ = ["Check", "check_claim"]
