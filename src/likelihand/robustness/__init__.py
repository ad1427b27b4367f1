"""What bad light, cameras and files and cut pictures cost: hands missed, error, honesty of regions."""

from likelihand.robustness.conditions import CONDITIONS, Condition, chosen
from likelihand.robustness.journal import Journal
from likelihand.robustness.measure import Outcome, measure
from likelihand.robustness.report import Report
from likelihand.robustness.summary import Row, summarise
from likelihand.robustness.tools import MediaPipe, Own, Tool, peer

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
