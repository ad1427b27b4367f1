"""Robustness to bad light, noise, compression and truncation: missed hands, error, calibration."""

from likelihand.evaluation.robustness.conditions import CONDITIONS, Condition, chosen
from likelihand.evaluation.robustness.journal import Journal
from likelihand.evaluation.robustness.measure import Outcome, measure
from likelihand.evaluation.robustness.report import Report
from likelihand.evaluation.robustness.summary import Row, summarise
from likelihand.evaluation.robustness.tools import MediaPipe, Own, Tool, peer

__all__ = [
    "CONDITIONS",
    "Condition",
    "Journal",
    "MediaPipe",
    "Outcome",
    "Own",
    "Report",
    "Row",
    "Tool",
    "chosen",
    "measure",
    "peer",
    "summarise",
]
