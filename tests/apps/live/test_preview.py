import sys
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest

from likelihand.apps.live.preview import PagePreview, preview


def test_the_page_shows_the_newest_picture_as_a_stream():
    with PagePreview(browser=False) as shown:
        assert b"<img src=live" in urllib.request.urlopen(shown.url, timeout=10).read()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(shown.url + "other", timeout=10)
        for level in (20, 200):
            assert shown.show(np.full((16, 24, 3), (level, 0, 0), np.uint8))
        with urllib.request.urlopen(shown.url + "live", timeout=10) as stream:
            assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
            assert stream.readline() == b"--frame\r\n"
            stream.readline()
            length = int(stream.readline().split(b":")[1])
            stream.readline()
            picture = cv2.imdecode(np.frombuffer(stream.read(length), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (16, 24, 3)
    assert abs(int(picture[8, 8, 2]) - 200) < 6  # OpenCV's order is BGR


def test_a_closed_preview_ends_its_streams():
    shown = PagePreview(browser=False)
    shown.show(np.zeros((8, 8, 3), np.uint8))
    stream = urllib.request.urlopen(shown.url + "live", timeout=10)
    assert stream.readline() == b"--frame\r\n"
    shown.__exit__(None, None, None)
    assert b"--frame" not in stream.read()


def test_without_opencv_it_is_a_page(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with preview(browser=False) as shown:
        assert isinstance(shown, PagePreview)
