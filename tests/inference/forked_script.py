"""Asks a predictor in processes of its own and saves what they answer.

Usage: forked_script.py METHOD FILE. METHOD is fork or spawn, where the predictor is sent to the processes, or
inherited, where forked ones find it. Writes the points, one array a question.
"""

import multiprocessing
import os
import sys

import numpy as np

from likelihand.inference import Predictor, load
from likelihand.inference.runtimes import OnnxRuntime

IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
BOXES = [[10, 10, 90, 100], [60, 30, 150, 110]]
INHERITED: list[Predictor] = []


def make() -> Predictor:
    return load(threads=2, tta=2, passes=1, tiles="empty")


def answers(predict: Predictor) -> np.ndarray:
    return np.stack([hand.points for hand in predict(IMAGE, BOXES)])


def answers_of_inherited(_: int) -> np.ndarray:
    (predict,) = INHERITED
    found = answers(predict)
    assert isinstance(predict.runtime, OnnxRuntime)
    assert predict.runtime._process == os.getpid(), "a session is not shared"
    return found


def main(method: str, file: str) -> None:
    predict = make()
    answers(predict)  # a session with threads, as where a program has used it before
    INHERITED.append(predict)
    with multiprocessing.get_context("spawn" if method == "spawn" else "fork").Pool(2) as pool:
        if method == "inherited":
            found = pool.map(answers_of_inherited, range(4))
        else:
            found = pool.map(answers, [predict] * 4)
    np.save(file, np.stack(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
