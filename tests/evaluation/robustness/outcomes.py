"""Outcomes of a measurement that never was."""

import numpy as np

from likelihand.evaluation.robustness import CONDITIONS, Outcome, Report

NONE = np.zeros(21, bool)


def outcome(error, *, found=True, tool="a", condition="as it is", cut=NONE, others=0, sure=True, level=0.5):
    nothing = np.full(21, np.nan)
    errors = np.full(21, error)
    return Outcome(
        index=0,
        condition=condition,
        tool=tool,
        dataset="d",
        found=found,
        others=others,
        asked=~cut,
        cut=cut,
        error=errors if found else nothing,
        near=(errors <= 0.1) if found else NONE,
        confidence=np.full(21, 0.75) if sure and found else nothing,
        level=np.full(21, level) if sure and found else nothing,
    )


def report():
    outcomes = [
        outcome(0.5, condition="grey", tool="a"),
        outcome(0.02, tool="b", sure=False),
        outcome(0.04, tool="a"),
        outcome(0, found=False, condition="grey", tool="b"),
    ]
    return Report.of("2 hands of d", {"seed": 0}, CONDITIONS[:2], outcomes)
