"""The detector's network: shapes, its description, and that what is deployed is what was trained."""

import pytest
import torch

from likelihand.models import DetectionNetwork, LargeKernelBackbone, TimmBackbone, from_config
from likelihand.ops.box_coding import decode, grid_centres


def network() -> DetectionNetwork:
    torch.manual_seed(0)
    return DetectionNetwork(LargeKernelBackbone(4), width=8)


def pictures() -> torch.Tensor:
    return torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8)


def test_maps_have_a_cell_for_every_8_pixels() -> None:
    maps = network()(pictures())[0]
    assert maps.presence.shape == maps.right.shape == (2, 8, 12)
    assert maps.code.shape == maps.log_scale.shape == (2, 8, 12, 4)
    assert maps.presence.sigmoid().mean() < 0.1


def test_deployed_detector_gives_the_decoded_maps() -> None:
    net, images = network().eval(), pictures()
    maps = net(images)[0]
    scores, boxes, sides = net.deploy()(images)
    torch.testing.assert_close(scores, maps.presence.sigmoid())
    torch.testing.assert_close(sides, maps.right.sigmoid())
    torch.testing.assert_close(boxes, decode(maps.code, grid_centres((8, 12), 8)))


def test_deployed_detector_is_a_copy() -> None:
    net, images = network().eval(), pictures()
    deployed = net.deploy()
    before = deployed(images)[0]
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    torch.testing.assert_close(deployed(images)[0], before)
    with pytest.raises(ValueError, match="a detector has one"):
        net.deploy(2)


def test_description_builds_the_same_network() -> None:
    net = network()
    again = from_config(net.config())
    again.load_state_dict(net.state_dict())
    torch.testing.assert_close(again.eval()(pictures() * 0)[0].code, net.eval()(pictures() * 0)[0].code)


def test_features_of_stride_16_are_enlarged_and_those_of_4_refused() -> None:
    backbone = LargeKernelBackbone(4)
    backbone.stride = 16
    assert DetectionNetwork(backbone, width=8).head(torch.zeros(2, 4, 4, 6)).shape == (2, 10, 8, 12)
    backbone.stride = 4
    with pytest.raises(ValueError, match="stride 4, expected 8, 16 or 32"):
        DetectionNetwork(backbone)


def test_backbone_computes_no_blocks_after_the_map_it_gives() -> None:
    whole = TimmBackbone("tf_efficientnet_lite0")
    cut = TimmBackbone("tf_efficientnet_lite0", stride=16)
    count = {name: sum(p.numel() for p in b.parameters()) for name, b in (("whole", whole), ("cut", cut))}
    assert count["cut"] < 0.4 * count["whole"]
    cut.load_state_dict({name: t for name, t in whole.state_dict().items() if name in cut.state_dict()})
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(cut.eval()(images), whole.eval().body.blocks[:5](stem(whole, images)))


def stem(backbone: TimmBackbone, images: torch.Tensor) -> torch.Tensor:
    body = backbone.body
    return body.bn1(body.conv_stem(images))
