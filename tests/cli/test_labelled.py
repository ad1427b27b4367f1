"""The options that name a data set."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from likelihand.cli import labelled, main
from likelihand.cli.labelled import add_data_options, data_of, where_of
from likelihand.cli.parsing import command_parser
from likelihand.data import DrawnHands
from likelihand.structures import RHD_ORDER

pytest.importorskip("torch")


def test_hands_of_a_coco_file_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import cv2

    cv2.imwrite(str(folder / "a.png"), np.zeros((64, 64, 3), np.uint8))
    points = np.column_stack([np.random.default_rng(0).uniform(9, 50, (21, 2)), np.full(21, 2)]).ravel().tolist()
    hands = [
        {"id": i, "image_id": 1, "category_id": 1, "keypoints": points, "bbox": [0, 0, 64, 64], "subset": name}
        for i, name in enumerate(("core", "core", "extra"))
    ]
    content = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": hands}
    (folder / "a.json").write_text(json.dumps(content))
    init = {"annotations": str(folder / "a.json"), "where": {"subset": "core"}, "box": "keypoints"}
    described = {"class_path": "likelihand.data.CocoHands", "init_args": init}
    (folder / "data.yaml").write_text(yaml.safe_dump(described))
    chosen = ["--where", "subset=core"]
    reports = []
    for source in (["a.json"], ["a.json", *chosen], ["a.json", *chosen, "--box", "keypoints"], ["data.yaml"]):
        data = [str(folder / source[0]), *source[1:], "--json", str(folder / "scores.json")]
        assert main(["evaluate", str(folder / "run"), "--data", *data]) == 0
        reports.append(json.loads((folder / "scores.json").read_text()))
    assert [report["samples"] for report in reports] == [3, 2, 2, 2]
    assert reports[1]["split"].endswith("a.json subset=core")
    assert reports[1]["total"] != reports[2]["total"] == reports[3]["total"]
    capsys.readouterr()
    drawn = ["likelihand.data.DrawnHands", "--data.count", "2"]
    for data, message in (
        ([str(folder / "a.json"), "--where", "core"], "--where 'core' is not FIELD=VALUE"),
        ([*drawn, *chosen], "--where goes with a path"),
        ([str(folder / "a.json"), "--where", "subset=none"], "3 annotations without subset=none"),
    ):
        assert main(["evaluate", str(folder / "run"), "--data", *data]) == 2
        told = capsys.readouterr().err
        assert message in told and told.count("\n") == 1


def parsed(*words: str):
    parser = command_parser("evaluate", "")
    add_data_options(parser, "--data")
    return parser.parse_args(["--data", *words])


def test_an_order_has_a_name_or_is_listed() -> None:
    turned = [str(i) for i in range(20, -1, -1)]
    for words, expected in (
        (["own"], tuple(range(21))),
        (["RHD"], RHD_ORDER),
        (turned, tuple(range(20, -1, -1))),
        ([",".join(turned)], tuple(range(20, -1, -1))),
        ([], None),
    ):
        assert labelled._order(words) == expected
    for wrong in (["0"], turned[:-1], [*turned, "21"], ["coco"]):
        with pytest.raises(ValueError, match="is neither 0 to 20 in some order nor one of own, rhd, interhand"):
            labelled._order(wrong)


def test_a_field_may_have_an_equals_sign_in_its_value() -> None:
    assert where_of(parsed("a.json", "--where", "a=b=c", "d=")) == {"a": "b=c", "d": ""}


def test_a_class_is_built_of_a_yaml_file_or_of_options(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("class_path: likelihand.data.DrawnHands\ninit_args: {count: 3}\n")
    for words in ([str(tmp_path / "a.yaml")], ["likelihand.data.DrawnHands", "--data.count", "3"]):
        data = data_of(parsed(*words))
        assert isinstance(data, DrawnHands) and len(data) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("init_args: {}", "class_path"),
        ("class_path: likelihand.data.DrawnHands\ninit_args: 3", "init_args"),
        ("class_path: likelihand.data.DrawnHands\ninit_args: {count: 1.0e+400}", "."),
        ("[]", "is not a mapping"),
    ],
)
def test_a_description_that_is_none_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        data_of(parsed(str(tmp_path / "a.yaml")))
