"""Films from a network: played, or refused in one clear line within the time that was given."""

from pathlib import Path

import pytest

from likelihand.tracking import VideoError, VideoReader
from tests.tracking.conftest import clip
from tests.tracking.servers import rtsp, silent, web

pytest.importorskip("av")


@pytest.mark.parametrize("ranges", [False, True])
@pytest.mark.parametrize(("form", "codec"), [("mp4", "libx264"), ("mpegts", "libx264"), ("matroska", "mpeg4")])
def test_a_film_on_the_web(form: str, codec: str, ranges: bool, tmp_path: Path) -> None:
    """An MP4 file whose index comes last is read too, also from a server that sends no parts."""
    clip(tmp_path / "clip", form, codec)
    with web(tmp_path, ranges) as host:
        reader = VideoReader(f"http://{host}/clip?key=1", threads=1)
        assert len(list(reader)) == 20
    assert reader.live is (form == "mpegts" and not ranges)


def test_a_film_behind_a_password(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", "mp4", "libx264")
    with web(tmp_path, password="Basic bWU6c2VjcmV0") as host:
        assert len(list(VideoReader(f"http://me:secret@{host}/clip.mp4"))) == 20
        with pytest.raises(VideoError, match=r"the server answers 401") as told:
            VideoReader(f"http://me:wrong@{host}/clip.mp4")
    assert "wrong" not in str(told.value) and "me:***@" in str(told.value)


def test_a_camera_over_rtsp(tmp_path: Path) -> None:
    stream = clip(tmp_path / "clip.ts", "mpegts", "libx264", frames=60).read_bytes()
    with rtsp(stream) as host:
        reader = VideoReader(f"rtsp://{host}/live", threads=1, timeout=20)
        frames = [frame.image.shape for frame in reader]
    assert reader.live and set(frames) == {(48, 64, 3)}
    assert len(frames) >= 59  # FFmpeg waits for what comes after the last one


def test_a_playlist(tmp_path: Path) -> None:
    """Two pieces whose clocks each begin anew, as HLS has them."""
    for name in ("a.ts", "b.ts"):
        clip(tmp_path / name, "mpegts", "libx264")
    pieces = "".join(f"#EXT-X-DISCONTINUITY\n#EXTINF:0.667,\n{name}\n" for name in ("a.ts", "b.ts"))
    (tmp_path / "live.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{pieces}#EXT-X-ENDLIST\n")
    with web(tmp_path) as host:
        seconds = [frame.seconds for frame in VideoReader(f"http://{host}/live.m3u8", threads=1)]
    assert len(seconds) == 40 and seconds[-1] - seconds[0] == pytest.approx(39 / 30, abs=0.04)


@pytest.mark.parametrize("scheme", ["rtsp", "http", "tcp"])
def test_a_server_that_says_nothing(scheme: str) -> None:
    with silent() as host, pytest.raises(VideoError, match=f"^{scheme}://{host}/x: no answer for 0.5 s"):
        VideoReader(f"{scheme}://{host}/x", timeout=0.5)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "rtsp://me:secret@127.0.0.1:9/1",
            r"^rtsp://me:\*\*\*@127\.0\.0\.1:9/1: cannot be opened \(Connection ref",
        ),
        ("http://127.0.0.1:9/a.mp4", r"^http://127\.0\.0\.1:9/a\.mp4: cannot be opened \(.*Connection refused"),
        ("gopher2://host/1", r"^gopher2://host/1: cannot be opened \(Protocol not found\); check the address"),
        ("http://[::1/a.mp4", "cannot be opened"),
    ],
)
def test_what_cannot_be_reached(address: str, message: str) -> None:
    with pytest.raises(VideoError, match=message):
        VideoReader(address, timeout=5)


def test_what_is_not_there_or_no_film(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<html>no film</html>")
    with web(tmp_path) as host:
        with pytest.raises(VideoError, match="the server answers 404"):
            VideoReader(f"http://{host}/none.mp4")
        with pytest.raises(VideoError, match="cannot be opened"):
            VideoReader(f"http://{host}/page")


def test_a_stream_that_falls_silent_gives_its_frames_first(tmp_path: Path) -> None:
    data = clip(tmp_path / "clip.ts", "mpegts", "libx264", frames=60).read_bytes()
    frames = 0
    with silent(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + data) as host:
        reader = VideoReader(f"http://{host}/live", threads=1, timeout=1.0)
        with pytest.raises(VideoError, match=r"no answer for 1 s; check the network; 60 frames were read"):
            for _ in reader:
                frames += 1
    assert frames == 60 and reader.live
