"""The paper's claims, put to the test: its losses, stages and rivals, on right labels and on wrong ones."""

from likelihand.apps.study.hands import Hands, InMemory, Pictures
from likelihand.apps.study.pipeline import StudyResult, plan, study
from likelihand.apps.study.plan import Grid, schedule
from likelihand.apps.study.setting import Setting

__all__ = ["Grid", "Hands", "InMemory", "Pictures", "Setting", "StudyResult", "plan", "schedule", "study"]
