import json

import cv2
import numpy as np
import pytest

import likelihand as lh
from likelihand.geometry import box_length
from likelihand.inference import FILMS
from tests.apps.web.browser import browser, downloaded, opened, playwright, served, shown, swaying, write_y4m

PHOTOS = 10
FRAMES = 20
CLEAR = 0.6  # score of a hand from which a photo is taken: what is nearly dropped may be dropped on one side alone


@pytest.fixture(scope="module")
def predict():
    return lh.load(threads=1, tta=4)


@pytest.fixture(scope="module")
def photos(play, tmp_path_factory, predict):
    """Ten rendered pictures in which the model clearly finds a hand, with what Python finds."""
    folder, found = tmp_path_factory.mktemp("photos"), []
    data = lh.data.Synthetic(80, seed=21, size=288)
    for i in range(len(data)):
        image = data.record(i).read()
        hands = predict(image)
        if hands and min(hand.score for hand in hands) >= CLEAR:
            file = folder / f"{i}.png"
            cv2.imwrite(str(file), image[..., ::-1])
            found.append((file, hands))
        if len(found) == PHOTOS:
            return found
    raise AssertionError(f"only {len(found)} of {len(data)} rendered pictures show a clear hand")


@pytest.fixture(scope="module")
def play():
    with playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium_page(play, photos):
    with served() as server, browser(play) as started:
        page, requests = opened(started.new_context(viewport={"width": 1280, "height": 860}), server.url)
        yield page, requests, server.url


def test_ten_photos_are_as_python_sees_them(chromium_page, photos):
    page, _, _ = chromium_page
    away, regions = [], []
    for file, hands in photos:
        shown(page, file)
        line = json.loads(downloaded(page, "jsonl"))
        assert (line["file"], line["size"]) == (file.name, [288, 288])
        assert [h["side"] for h in line["hands"]] == [h.side for h in hands]
        for mine, hand in zip(line["hands"], hands, strict=True):
            away.append(np.linalg.norm(mine["keypoints"] - hand.points, axis=1).max())
            axes = lh.uncertainty.ellipses(hand.points, np.array(mine["covariance"]), 1.0).axes
            regions.append(
                np.abs(axes / lh.uncertainty.ellipses(hand.points, hand.covariance, 1.0).axes - 1).max()
            )
            assert mine["score"] == pytest.approx(hand.score, abs=2e-3)
            assert mine["confidence"] == pytest.approx(hand.confidence, abs=0.01)
    print(f"points within {max(away):.3f} px, semi-axes within {max(regions):.4f}")
    assert max(away) <= 0.2  # three looks in turn, each cut around the points of the one before
    assert max(regions) <= 0.02


def test_no_request_carries_a_picture_or_leaves_the_origin(chromium_page, photos):
    page, requests, url = chromium_page
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    shown(page, photos[0][0])
    asked = [(r.method, r.url, r.post_data_buffer) for r in requests]
    assert asked and all(method == "GET" and body is None for method, _, body in asked)
    assert all(address.startswith((url, f"blob:{url}")) for _, address, _ in asked)
    refused = page.evaluate("() => fetch('https://example.org/').then(() => false, () => true)")
    assert refused


def test_downloads_and_settings(chromium_page, photos):
    page, _, _ = chromium_page
    shown(page, photos[0][0])
    assert json.loads(downloaded(page, "coco"))["annotations"][0]["num_keypoints"] == 21
    assert len(downloaded(page, "csv").splitlines()) == 1 + 21 * len(photos[0][1])
    before = page.evaluate("() => document.getElementById('stage').toDataURL()")
    page.focus("#level")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#level-told") == "90 %"
    assert page.evaluate("() => document.getElementById('stage').toDataURL()") != before
    page.uncheck("#looks")
    page.wait_for_selector("#drop[aria-busy=false]")
    once = lh.load(threads=1, tta=1)(lh.read_image(photos[0][0]))
    line = json.loads(downloaded(page, "jsonl"))
    assert np.abs(np.array(line["hands"][0]["keypoints"]) - once[0].points).max() <= 0.1
    page.check("#looks")


def test_keypoints_are_told_by_pointer_and_by_keys(chromium_page, photos):
    page, _, _ = chromium_page
    file, hands = photos[0]
    shown(page, file)
    box = page.locator("#stage").bounding_box()
    x, y = hands[0]["wrist"] * box["width"] / 288
    page.mouse.move(box["x"] + x, box["y"] + y)
    assert page.inner_text("#keypoint").startswith("wrist of ")
    page.focus("#stage")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#keypoint").startswith("thumb cmc of ")
    assert "sure to be within 10 % of the hand's size" in page.inner_text("#keypoint")


def test_what_is_no_picture_is_said_so(chromium_page, tmp_path):
    page, _, _ = chromium_page
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert "no picture that the browser can read" in shown(page, broken)


def test_controls_have_names_and_the_page_reads_without_a_pointer(chromium_page):
    page, _, _ = chromium_page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input:not([hidden]), canvas, progress')].filter(e =>
        !(e.innerText || e.ariaLabel || e.labels?.[0]?.innerText)).map(e => e.outerHTML)"""
    )
    assert nameless == []
    assert page.get_attribute("html", "lang") == "en"


def test_it_works_offline_once_loaded(play, photos):
    with browser(play) as started, served() as server:
        page, _ = opened(started.new_context(), server.url)
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        server.shutdown()
        server.server_close()
        page.reload()
        page.wait_for_selector("html[data-ready]", timeout=180_000, state="attached")
        assert "found" in shown(page, photos[0][0])


def test_a_film_is_followed_to_its_end(chromium_page, photos, tmp_path):
    pytest.importorskip("av", reason="the extra likelihand[video] is not installed")
    from likelihand.tracking import VideoWriter

    page, _, _ = chromium_page
    surest = max(photos, key=lambda photo: min(hand.score for hand in photo[1]))
    with VideoWriter(tmp_path / "clip.mp4") as film:
        for i, frame in enumerate(swaying([lh.read_image(surest[0])])):
            film.write(frame, i / 15)
    page.set_input_files("#file", str(tmp_path / "clip.mp4"))
    page.wait_for_selector("#stop:not([hidden])", state="attached", timeout=60_000)
    page.wait_for_selector("#stop", state="hidden", timeout=180_000)
    assert page.inner_text("#status").startswith("Stopped after ")
    lines = [json.loads(line) for line in downloaded(page, "jsonl").splitlines()]
    assert lines[-1]["time"] <= 48 / 15
    assert {hand["track"] for line in lines for hand in line["hands"]} == {0}
    assert downloaded(page, "csv").startswith("frame,time,hand,side,seen,")


def nearest(points, film):
    """Return the track of a film's hands that comes nearest to points at any time, and how near in their sizes."""
    away = [
        (np.linalg.norm(hand.points - points, axis=1).mean() / box_length(hand.box), (hand.track, hand.side))
        for hands in film
        for hand in hands
    ]
    least, best = min(away)
    return best, least


def test_a_camera_shows_the_hands_that_python_follows(play, photos, tmp_path):
    surest = sorted(photos, key=lambda photo: -min(hand.score for hand in photo[1]))[:2]
    frames = swaying([lh.read_image(file) for file, _ in surest])
    write_y4m(tmp_path / "camera.y4m", frames)
    film = [f.hands for f in lh.track(frames, lh.load(threads=1, **FILMS), rate=15)]
    assert {hand.track for hands in film for hand in hands} == {0, 1}
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    camera = f"--use-file-for-fake-video-capture={tmp_path / 'camera.y4m'}"
    with served() as server, browser(play, *fake, camera) as started:
        page, requests = opened(started.new_context(permissions=["camera"]), server.url)
        page.click("#camera")
        kept = f"() => parseInt(document.getElementById('kept').textContent) >= {FRAMES}"
        page.wait_for_function(kept, timeout=240_000)
        page.click("#stop")
        lines = [json.loads(line) for line in downloaded(page, "jsonl").splitlines()]
    assert [line["frame"] for line in lines] == list(range(len(lines)))
    same = {}
    for line in lines:
        for hand in line["hands"]:
            who, away = nearest(np.array(hand["keypoints"]), film)
            assert away < 0.1  # the page's frames come at other times
            same.setdefault(hand["track"], set()).add((who, hand["side"]))
    whole = {(hand.track, hand.side) for hand in film[-1]}
    assert sorted(map(str, same.values())) == sorted(str({(who, who[1])}) for who in whole)
    assert all(r.method == "GET" for r in requests)
