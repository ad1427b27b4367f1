import pytest
import torch

from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.heads import separable_transposed_convolution


def build(name="resnet18", **options):
    torch.manual_seed(0)
    return SequentialHeatmapNetwork(TimmBackbone(name), **{"stages": 3, "width": 32, **options})


def pictures(count, size=64):
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("stages", [1, 2, 3, None])
def test_gives_the_asked_stage(stages):
    network = build().eval()
    points, scale = network.deploy(stages)(pictures(2))
    prediction = network(pictures(2))[(stages or 3) - 1]
    torch.testing.assert_close(points, prediction.mean)
    torch.testing.assert_close(scale, prediction.log_scale.exp())


def test_later_stages_are_gone():
    network = build()
    sizes = [sum(p.numel() for p in network.deploy(stages).parameters()) for stages in (1, 2, 3)]
    assert sizes[0] < sizes[1] < sizes[2]
    assert len(network.stages) == 3


def test_is_a_copy_in_evaluation_mode():
    network = build().train()
    deployed = network.deploy()
    assert network.training and not any(module.training for module in deployed.modules())
    before = deployed(pictures(2))[0]
    with torch.no_grad():
        network.stages[2].heatmaps[-1].weight.add_(1.0)
    torch.testing.assert_close(deployed(pictures(2))[0], before, rtol=0, atol=0)


@pytest.mark.parametrize("stages", [0, 4])
def test_refuses_a_stage_that_is_not_there(stages):
    with pytest.raises(ValueError, match=rf"stages {stages}: expected 1\.\.3"):
        build().deploy(stages)


@pytest.mark.parametrize(
    "options",
    [
        {"name": "resnet18", "width": 64},
        {"name": "mobilenetv4_conv_small", "upsampling": separable_transposed_convolution},
    ],
)
def test_onnx_agrees(tmp_path, options):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    network = build(**options).train()
    for seed in (2, 3):
        network(pictures(seed))
    deployed = network.deploy(stages=2)
    path = tmp_path / "hand.onnx"
    torch.onnx.export(
        deployed, (pictures(2),), path, dynamo=True, external_data=False, verbose=False,
        input_names=["images"], output_names=["points", "scale"], dynamic_shapes={"images": {0: "batch"}},
    )  # fmt: skip
    assert [file.name for file in tmp_path.iterdir()] == ["hand.onnx"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for count in (1, 2, 5):
        found = session.run(None, {"images": pictures(count).numpy()})
        with torch.no_grad():
            expected = deployed(pictures(count))
        for ours, theirs in zip(expected, found, strict=True):
            torch.testing.assert_close(torch.from_numpy(theirs), ours, atol=1e-3, rtol=0)
