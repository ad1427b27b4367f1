"""The paper's experiments, rebuilt by one call: its stages, losses and rivals, and training on wrong labels."""

from likelihand.study.hands import Hands, Pictures
from likelihand.study.pipeline import StudyResult, plan, study
from likelihand.study.plan import PAPER, Figure
from likelihand.study.setting import Setting

__all__ = ["PAPER", "Figure", "Hands", "Pictures", "Setting", "StudyResult", "plan", "study"]
