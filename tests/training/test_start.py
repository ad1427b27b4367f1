"""The bundled weights that training starts from are those of the ONNX files beside them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from likelihand.data import DrawnHands, detect
from likelihand.data.dataset import Dataset
from likelihand.evaluation import EveryStage, Predictions, predictions
from likelihand.geometry import crop_matrix, warp_image
from likelihand.inference import bundled, metadata_of
from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime
from likelihand.losses import ResidualLogLikelihood
from likelihand.models import KeypointNetwork, as_network
from likelihand.models.checkpoint import Started, load_checkpoint, read_info, start_from

LABELLED = Path(__file__).parents[3] / "shared/real/labelled/annotations.json"
HAND, DETECT = bundled(), bundled().with_name("detect.onnx")
FINETUNE = Path(__file__).parents[2] / "configs/finetune.yaml"


def photos() -> Dataset:
    if not LABELLED.is_file():
        pytest.skip(f"no labelled photos at {LABELLED}")
    return detect(LABELLED, where={"subset": "core"}, box="keypoints")


def started() -> KeypointNetwork:
    """The network of the fine-tuning run file with the bundled weights, as `--start bundled` puts them there."""
    from likelihand.cli.train import network_of

    torch.manual_seed(1)
    network = network_of(FINETUNE)
    assert isinstance(network, KeypointNetwork)
    taken = start_from(HAND.with_suffix(".safetensors"), network, ResidualLogLikelihood(2))
    assert taken == Started(loss=False, fresh=())
    return network.eval()


def both(data: Dataset) -> tuple[Predictions, Predictions]:
    model = OnnxRuntime(HAND, threads=1)
    chosen = range(0, len(data), max(1, len(data) // 12))
    ours = EveryStage(started(), model.metadata)
    first, second = (predictions(each, data, chosen, progress=False) for each in (ours, model))
    return first, second


def test_training_begins_where_the_bundled_file_ends_on_real_photos() -> None:
    """Half precision moves a point of a 128-pixel crop by 0.0015 pixels in the mean, an unsure one by 0.04."""
    ours, theirs = both(photos())
    away = np.linalg.norm(ours.points - theirs.points, axis=-1)
    assert away.mean() < 0.003
    assert away.max() < 0.06
    np.testing.assert_allclose(ours.scale, theirs.scale, rtol=0.002)
    np.testing.assert_allclose(ours.right, theirs.right, atol=0.001)


def test_training_begins_where_the_bundled_file_ends_on_drawn_hands() -> None:
    ours, theirs = both(DrawnHands(4, size=160))
    assert np.linalg.norm(ours.points - theirs.points, axis=-1).max() < 0.2  # strokes are no hands: it is unsure


def test_the_checkpoint_says_what_the_file_says() -> None:
    network, info = load_checkpoint(HAND.with_suffix(".safetensors"))
    ours, theirs = metadata_of(network, info), OnnxRuntime(HAND).metadata
    assert (ours.size, ours.padding, ours.stages, ours.outputs) == (
        theirs.size,
        theirs.padding,
        theirs.stages,
        theirs.outputs,
    )


def test_statistics_are_those_of_hands() -> None:
    """In training mode, with the statistics of a batch, the points stay near those of evaluation mode."""
    network, data = started(), DrawnHands(48, size=160)
    crops = np.stack(
        [
            warp_image(r.read(), crop_matrix(r.box, (128, 128), padding=1.25), (128, 128))
            for r in (data.record(i) for i in range(len(data)))
        ]
    )
    with torch.no_grad():
        stored = network(torch.from_numpy(crops))[-1].mean
        of_batch = network.train()(torch.from_numpy(crops))[-1].mean
    assert (stored - of_batch).norm(dim=-1).median() < 8.0


def test_the_detector_begins_where_its_file_ends() -> None:
    network, _ = load_checkpoint(DETECT.with_suffix(".safetensors"))
    model = OnnxRuntime(DETECT, threads=1)
    data = photos()
    pictures = []
    for index in range(0, len(data), len(data) // 12):
        image = data.record(index).read()
        matrix = crop_matrix([0, 0, image.shape[1], image.shape[0]], model.metadata.size, padding=1.0)
        pictures.append(warp_image(image, matrix, model.metadata.size))
    assert as_network(network).kind == "detect"
    ours, theirs = (run(np.stack(pictures)) for run in (TorchRuntime(network.deploy(), model.metadata), model))
    np.testing.assert_allclose(ours["scores"], theirs["scores"], atol=0.001)
    sure = theirs["scores"] > 0.3
    assert sure.sum() > 20
    np.testing.assert_allclose(ours["boxes"][sure], theirs["boxes"][sure], atol=0.04)


def test_the_files_name_the_library_and_no_machine() -> None:
    for file in (HAND, DETECT):
        info = read_info(file.with_suffix(".safetensors"))
        assert info.network is not None
        assert "/" not in str(info.network)
