"""`python -m ingest doctor`: what is well and what is not."""

from __future__ import annotations

import json
from dataclasses import asdict

from assistant.settings import Settings
from ingest.doctor import examine

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(settings: Settings, *, as_json: bool) -> int:
    """Print every finding; 1 when something fails."""
    findings = examine(settings)
    failed = [finding for finding in findings if finding.status == "fail"]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
        return 1 if failed else 0
    for finding in findings:
        print(f"{_MARKS[finding.status]}  {finding.check:8} {finding.said}")
        if finding.remedy:
            print(f"{'':15}{finding.remedy}")
    warned = sum(finding.status == "warn" for finding in findings)
    print(f"{len(failed)} failed, {warned} to look at." if failed or warned else "All is well.")
    return 1 if failed else 0
