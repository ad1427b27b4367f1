"""Hands as Open Sound Control messages, for TouchDesigner, VRChat, Unity and the like; needs `likelihand[osc]`."""

from collections.abc import Iterable
from typing import Any

from likelihand.structures import KEYPOINTS
from likelihand.tracking import TrackedHand

ROOT = "/likelihand"


class OscSender:
    """Sends each frame as one bundle over UDP.

    `/likelihand/frame`: number, time in seconds. `/likelihand/hands`: the numbers of the hands.
    `/likelihand/hand/N`: side ("left", "right" or ""), score, 1 where it is seen. `/likelihand/hand/N/wrist` and
    so on: x, y in 0..1 of the picture from its upper left corner, confidence.

    Args:
        address: "HOST:PORT".

    Raises:
        ValueError: it is no such address.
        ModuleNotFoundError: python-osc is not installed.

    Example:
        >>> OscSender("localhost")
        Traceback (most recent call last):
        ValueError: --osc 'localhost' is no HOST:PORT; give say 127.0.0.1:9000
    """

    def __init__(self, address: str) -> None:
        host, colon, port = address.rpartition(":")
        if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError(f"--osc {address!r} is no HOST:PORT; give say 127.0.0.1:9000")
        from pythonosc.udp_client import SimpleUDPClient

        self._client: Any = SimpleUDPClient(host.strip("[]"), int(port))

    def send(self, index: int, seconds: float, hands: Iterable[TrackedHand]) -> None:
        """Send a frame's hands.

        Raises:
            OSError: the host is not known.
        """
        from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder

        bundle: Any = OscBundleBuilder(IMMEDIATELY)
        for address, values in messages(index, seconds, hands):
            bundle.add_content(_message(address, values))
        self._client.send(bundle.build())


def messages(index: int, seconds: float, hands: Iterable[TrackedHand]) -> list[tuple[str, list[Any]]]:
    """Return the messages of a frame: addresses and values.

    Example:
        >>> messages(3, 0.1, [])
        [('/likelihand/frame', [3, 0.1]), ('/likelihand/hands', [])]
    """
    known = list(hands)
    told: list[tuple[str, list[Any]]] = [
        (f"{ROOT}/frame", [index, float(seconds)]),
        (f"{ROOT}/hands", [hand.track for hand in known]),
    ]
    for hand in known:
        height, width = hand.picture or (1, 1)
        here = f"{ROOT}/hand/{hand.track}"
        told.append((here, [hand.side or "", float(hand.score), int(hand.seen)]))
        for name, (x, y), sure in zip(KEYPOINTS, hand.points, hand.confidence, strict=True):
            told.append((f"{here}/{name}", [float(x / width), float(y / height), float(sure)]))
    return told


def _message(address: str, values: list[Any]) -> Any:  # noqa: ANN401
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder: Any = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build()
