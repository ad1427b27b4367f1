import numpy as np
import pytest
import torch

from likelihand.data import DrawnHands
from likelihand.export import export
from likelihand.inference.metadata import ModelMetadata
from likelihand.models import DetectionNetwork, SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.checkpoint import CheckpointError
from likelihand.models.heads import separable_transposed_convolution
from likelihand.training import TrainConfig
from likelihand.training.start import crops_of, start_from_onnx


def network_of(seed=0, stages=2, **options):
    torch.manual_seed(seed)
    backbone = TimmBackbone("tf_efficientnet_lite0", stride=16)
    upsampling = separable_transposed_convolution
    return SequentialHeatmapNetwork(
        backbone, stages=stages, width=8, upsampling=upsampling, traits=True, **options
    )


def crops(count=64, seed=0):
    rng = np.random.default_rng(seed)
    flat = rng.integers(0, 256, (count, 1, 1, 3))
    return torch.from_numpy((flat + rng.integers(-60, 60, (count, 64, 64, 3))).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network whose normalisations have seen pictures, and its file."""
    network = network_of().train()
    with torch.no_grad():
        for seed in range(4):
            network(crops(seed=seed))
    file = tmp_path_factory.mktemp("start") / "hand.onnx"
    export(network.eval(), file, ModelMetadata(size=(64, 64), stages=2))
    return network, file


def test_gives_what_the_file_gives(exported):
    network, file = exported
    again = network_of(seed=1)
    taken = start_from_onnx(file, again, crops())
    assert taken.fresh == ("stages.0.scales",)
    with torch.no_grad():
        ours, theirs = (n.eval()(crops(8, seed=9))[-1] for n in (again, network))
    torch.testing.assert_close(ours.mean, theirs.mean, atol=2e-3, rtol=0)
    torch.testing.assert_close(ours.traits, theirs.traits, atol=2e-3, rtol=0)


def test_normalises_in_training_as_the_file_does(exported):
    """On the crops that the statistics come from, batch statistics and stored ones are the same."""
    _, file = exported
    again = network_of(seed=1)
    start_from_onnx(file, again, crops())
    with torch.no_grad():
        stored = again.eval()(crops())[-1].heatmaps
        of_batch = again.train()(crops())[-1].heatmaps
    assert (of_batch - stored).abs().max() < 0.05 * stored.std()


def test_takes_the_backbone_alone(exported):
    network, file = exported
    other = SequentialHeatmapNetwork(
        TimmBackbone("tf_efficientnet_lite0", stride=8, context=[16]), stages=1, width=8
    )
    taken = start_from_onnx(file, other, crops(), ["backbone"])
    assert taken.fresh == ("stages",)
    images = torch.rand(2, 3, 64, 64) - 0.5
    with torch.no_grad():
        wide, same = (n.backbone.get_submodule("body")(images) for n in (other.eval(), network))
    torch.testing.assert_close(wide[1], same[0], atol=2e-3, rtol=1e-3)
    with pytest.raises(CheckpointError, match="no part 'body'"):
        start_from_onnx(file, other, crops(), ["body"])


def test_a_detector_starts_from_its_file(tmp_path):
    def build(seed):
        torch.manual_seed(seed)
        return DetectionNetwork(TimmBackbone("tf_efficientnet_lite0", stride=16), width=16)

    network = build(0).eval()
    metadata = ModelMetadata(size=(64, 64), kind="detect", outputs=("scores", "boxes", "sides"), padding=1.0)
    export(network, tmp_path / "detect.onnx", metadata)
    again = build(1)
    larger = crops().repeat_interleave(2, 1).repeat_interleave(2, 2)  # to be trained on pictures of another size
    assert start_from_onnx(tmp_path / "detect.onnx", again, larger).fresh == ()
    with torch.no_grad():
        ours, theirs = (n.eval().deploy()(crops(4)) for n in (again, network))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=1e-3)


def test_refuses_another_architecture(exported):
    _, file = exported
    with pytest.raises(CheckpointError, match="of shape"):
        start_from_onnx(file, network_of(keypoints=7), crops())
    deeper = network_of(stages=3)
    with pytest.raises(CheckpointError, match="differ from the file's"):
        start_from_onnx(file, deeper, crops())


def test_the_crops_are_those_of_the_run():
    config = TrainConfig(size=32, batch_size=48, workers=0)
    made = crops_of(DrawnHands(20), config)
    assert made.shape == (288, 32, 32, 3)
    assert made.dtype == torch.uint8
