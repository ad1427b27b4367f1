"""Pictures and films told apart by their first bytes and their names."""

import io

import numpy as np
import pytest
from PIL import Image

from likelihand.data.formats.kinds import FILMS, PICTURES, kind_of_content, kind_of_name


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "AVIF"])
def test_what_pillow_writes_is_a_picture(form: str) -> None:
    assert kind_of_content(encoded(form)) == "picture"


@pytest.mark.parametrize("packet", [188, 192, 204])
@pytest.mark.parametrize("cut", [0, 100])
def test_a_transport_stream_is_known_by_five_packets(packet: int, cut: int) -> None:
    stream = (b"G" + bytes(packet - 1)) * 7
    assert kind_of_content(stream[cut:]) == "film"
    assert kind_of_content(stream[cut : cut + 4 * packet]) is None


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypisom", "film"), (b"\0\0\0\x18ftypheic", "picture"), (b"RIFF\0\0\0\0AVI ", "film"),
        (b"RIFF\0\0\0\0WAVE", None), (b"", None), (b"BM is a text", None), (b"export const a = 1;", None),
    ],
)  # fmt: skip
def test_heads(head: bytes, kind: str | None) -> None:
    assert kind_of_content(head) == kind


def test_no_ending_is_of_both_kinds() -> None:
    assert not PICTURES & FILMS
    assert kind_of_name("A.B/C.JpG") == "picture" and kind_of_name("jpg") is None
