import json
import socket

import numpy as np
import pytest

from likelihand import cli
from likelihand.apps.live.osc import OscSender, messages
from likelihand.tracking import TrackedHand

HAND = TrackedHand(
    np.tile([32.0, 12.0], (21, 1)), np.ones((21, 2)), np.zeros(4), side="left", picture=(48, 64), track=7
)


def test_points_are_shares_of_the_picture():
    told = dict(messages(1, 0.5, [HAND]))
    assert told["/likelihand/hands"] == [7]
    assert told["/likelihand/hand/7"] == ["left", 1.0, 1]
    assert told["/likelihand/hand/7/index_tip"][:2] == [0.5, 0.25]
    assert len(told) == 2 + 1 + 21


def test_a_bundle_arrives():
    osc_bundle = pytest.importorskip("pythonosc.osc_bundle", reason="the extra likelihand[osc] is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        OscSender(f"127.0.0.1:{receiver.getsockname()[1]}").send(1, 0.5, [HAND])
        bundle = osc_bundle.OscBundle(receiver.recv(65536))
    arrived = {message.address: list(message.params) for message in bundle}
    assert arrived["/likelihand/frame"] == [1, 0.5]
    assert arrived["/likelihand/hand/7/wrist"][:2] == [0.5, 0.25]


def test_the_command_shows_and_sends(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pythonosc", reason="the extra likelihand[osc] is not installed")
    pytest.importorskip("av", reason="the extra likelihand[video] is not installed")
    from likelihand.apps.live import preview
    from likelihand.tracking import VideoWriter

    opened, shown = [], []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(
        preview.PagePreview, "show", lambda self, image: shown.append(image.shape) or len(shown) < 2
    )
    monkeypatch.setattr(preview, "preview", preview.PagePreview)
    with VideoWriter(tmp_path / "clip.mp4") as film:
        for i in range(5):
            film.write(np.full((48, 64, 3), 90, np.uint8), 0.04 * i)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        to = f"127.0.0.1:{receiver.getsockname()[1]}"
        command = ["predict", str(tmp_path / "clip.mp4"), "--out", str(tmp_path), "--no-overlay", "--threads", "1"]
        assert cli.main([*command, "--show", "--osc", to]) == 0
        assert b"/likelihand/frame" in receiver.recv(65536)
    assert shown == [(48, 64, 3)] * 2  # the second was said to be the last
    assert opened and opened[0] in capsys.readouterr().err
    assert len([json.loads(line) for line in (tmp_path / "clip.jsonl").read_text().splitlines()]) == 2


def test_a_wrong_address_is_one_line(tmp_path, capsys):
    with pytest.raises(ValueError, match="no HOST:PORT"):
        OscSender("host:99999")
