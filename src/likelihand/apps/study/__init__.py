"""Reproduce the paper's experiments: losses, stages and competing methods, on correct and corrupted labels."""

from likelihand.apps.study.hands import Hands, InMemory, Pictures
from likelihand.apps.study.pipeline import StudyResult, plan, study
from likelihand.apps.study.plan import Grid, schedule
from likelihand.apps.study.setting import Setting

__all__ = ["Grid", "Hands", "InMemory", "Pictures", "Setting", "StudyResult", "plan", "schedule", "study"]
