"""Training: a network, a loss and data in, a folder with checkpoints and a log out; resumable bit for bit."""

from likelihand.training.config import Plan, TrainConfig
from likelihand.training.health import NonFiniteLossError
from likelihand.training.loop import TrainResult, train
from likelihand.training.run import BEST, LAST

__all__ = ["BEST", "LAST", "NonFiniteLossError", "Plan", "TrainConfig", "TrainResult", "train"]
