"""One run of a model is all that scores and regions are made of, however it is cut up and spread."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.evaluation import Predictions, predictions, predictions_by_look, score
from likelihand.geometry import transform_points
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.tta import LOOKS
from likelihand.utils import distributed


class Brightness:
    """A model that goes by each crop alone, in two stages, and counts the crops that it has seen."""

    metadata = ModelMetadata(size=(48, 40), padding=1.5, outputs=("points", "scale", "side", "spread"))

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, crops: np.ndarray) -> dict[str, Any]:
        self.seen += len(crops)
        mean = crops.reshape(len(crops), -1).astype(np.float64).mean(1)[:, None, None]
        points = np.stack([np.arange(21.0), np.arange(21.0) + 9], -1) + mean / 40
        spread = np.broadcast_to(np.eye(2), (*points.shape, 2)) * mean[..., None]
        return {
            "points": points,
            "stages": np.stack([points + 1, points]),
            "scale": 0 * points + 1 + mean / 99,
            "side": mean[:, 0, 0] / 255,
            "spread": spread,
        }


def same(a: Predictions, b: Predictions) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


def test_what_is_said_stands_beside_the_truth() -> None:
    data, model = DrawnHands(5, size=64), Brightness()
    found = predictions(model, data, [3, 1], progress=False)
    assert (len(found), model.seen, found.index.tolist()) == (2, 2, [3, 1])
    assert (found.input_size, found.side, found.padding) == ((48, 40), 48.0, 1.5)
    for n, index in enumerate((3, 1)):
        record = data.record(index)
        np.testing.assert_allclose(found.target[n], transform_points(found.crop_from_image[n], record.points))
        np.testing.assert_array_equal(found.box[n], record.box)
        np.testing.assert_array_equal(found.picture[n], record.read().shape[:2])
        back = transform_points(found.crop_from_image[n], found.image_points[:, n])
        np.testing.assert_allclose(back, np.stack([found.points[n] + 1, found.points[n]]), atol=1e-9)


@pytest.mark.parametrize("cut", [(1, 0), (2, 2), (64, 1)])
def test_batches_and_threads_change_no_bit(cut: tuple[int, int]) -> None:
    data = DrawnHands(7, size=64)
    whole = predictions_by_look(Brightness(), data, LOOKS, batch_size=7, progress=False)
    found = predictions_by_look(Brightness(), data, LOOKS, batch_size=cut[0], workers=cut[1], progress=False)
    assert all(same(a, b) for a, b in zip(whole, found, strict=True))


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_every_process_gets_the_hands_of_all(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process's part is made in turn; with eight of them some have no share at all."""
    data, indices = DrawnHands(9, size=64), [8, 2, 5, 0, 7, 3, 1]
    alone = predictions(Brightness(), data, indices, batch_size=2, progress=False)
    sent: list[bytes] = []

    def run(rank: int, gather: Any) -> Predictions:
        monkeypatch.setattr(distributed, "world_size", lambda: processes)
        monkeypatch.setattr(distributed, "rank", lambda: rank)
        monkeypatch.setattr(distributed, "gather_bytes", gather)
        return predictions(Brightness(), data, indices, batch_size=2, progress=False)

    def collect(message: bytes) -> list[bytes]:
        sent.append(message)
        raise StopIteration

    for rank in range(processes):
        with pytest.raises(StopIteration):
            run(rank, collect)
    for rank in range(processes):
        found = run(rank, lambda _: sent)
        assert same(found, alone)
        assert score(found).to_json() == score(alone).to_json()
    assert sum(not message for message in sent) == max(0, processes - 4)


def test_a_mirrored_look_tells_the_side_of_the_hand_itself() -> None:
    seen = predictions_by_look(Brightness(), DrawnHands(3, size=64), LOOKS[:2], progress=False)
    for look, found in zip(LOOKS, seen, strict=False):
        bright = found.spread[:, 0, 0, 0] / 255
        np.testing.assert_allclose(found.right, 1 - bright if look.mirrored else bright)


def test_uncertainty_worst_hands_and_scores_run_the_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from likelihand.cli import main
    from likelihand.inference.export import export
    from likelihand.inference.runtimes import OnnxRuntime
    from tests.tiny import tiny_network

    model = tmp_path / "hand.onnx"
    export(tiny_network(), model, ModelMetadata(size=(64, 64), stages=2))
    seen, run = [], OnnxRuntime.__call__
    monkeypatch.setattr(
        OnnxRuntime, "__call__", lambda self, crops: (seen.append(len(crops)), run(self, crops))[1]
    )
    data = [
        "--data.class_path=likelihand.data.DrawnHands",
        "--data.init_args.count=30",
        "--data.init_args.size=64",
    ]
    command = ["evaluate", str(model), *data, "--json", str(tmp_path / "a.json"), "--uncertainty"]
    assert main([*command, "--worst", str(tmp_path / "worst.png")]) == 0
    assert sum(seen) == 30
    seen.clear()
    assert main([*command, "--worst", str(tmp_path / "worst.png"), "--tta", "3"]) == 0
    assert sum(seen) == 90
