"""The page's files: the built page, both models and the shared constants, to be served or written to a folder."""

import gzip
import inspect
import json
import mimetypes
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import likelihand.inference.detection as detection
import likelihand.tracking.filters as filters
import likelihand.tracking.tracker as tracking
import likelihand.uncertainty as uncertainty
import likelihand.uncertainty.radial as radial
import likelihand.visualization.drawing as drawing
from likelihand import geometry
from likelihand.inference import duplicates, predictor, settings, tta
from likelihand.inference.loading import WEIGHTS, bundled
from likelihand.inference.metadata import KEY, ModelMetadata
from likelihand.structures import BONES, KEYPOINTS


def page_constants() -> dict[str, Any]:
    """Return what the page reads as `constants.json`; the interface `Constants` in `web/src/core` types it."""
    return {
        "version": version("likelihand"),
        "keypoints": list(KEYPOINTS),
        "bones": [list(bone) for bone in BONES],
        "colours": [list(colour) for colour in drawing.KEYPOINT_COLOURS],
        "detection": _detection(),
        "predictor": _predictor(),
        "uncertainty": {
            "one_sigma": uncertainty.ONE_SIGMA,
            "reach": uncertainty.REACH,
            "narrowest": uncertainty.NARROWEST,
            "edge": uncertainty.EDGE,
            "directions": len(radial._ANGLES),
        },
        "tracking": _tracking(),
        "smoothing": asdict(filters.Smoothing()) | {"typical": filters._TYPICAL},
    }


def _detection() -> dict[str, Any]:
    return {
        "overlap": detection.OVERLAP,
        "overlap_of_two": detection.OVERLAP_OF_TWO,
        "covered": detection.COVERED,
        "parts": list(detection.PARTS),
        "shared": detection.SHARED,
        "worth": detection.WORTH,
        "near": detection.NEAR,
        "sure": detection.SURE,
        "clear": detection.CLEAR,
        "limit": inspect.signature(detection.Detector).parameters["limit"].default,
    }


def _predictor() -> dict[str, Any]:
    return {
        "presence": predictor.PRESENCE,
        "score": predictor.SCORE,
        "confidence": predictor.CONFIDENCE,
        "proposed": predictor.PROPOSED,
        "glance": predictor._GLANCE,
        "detector_side": predictor.DETECTOR_SIDE,
        "same_hand": duplicates.SAME_HAND,
        "looks": [look._asdict() for look in tta.LOOKS],
        "touch": tta.TOUCH,
        "beyond": settings.PHOTOS["beyond"],
        "beyond_in_films": settings.FILMS["beyond"],
        "farthest": geometry.FARTHEST,
    }


def _tracking() -> dict[str, Any]:
    rules = asdict(tracking.Tracking())
    if rules["confidence"] is None:  # as in photos
        rules["confidence"] = predictor.CONFIDENCE
    return rules | {
        "inside": tracking._INSIDE,
        "smallest": tracking._SMALLEST,
        "detector_vote": tracking._DETECTOR_VOTE,
        "most_votes": tracking._MOST_VOTES,
        "other_side": tracking._OTHER_SIDE,
        "farthest": tracking._FARTHEST,
    }


BUILT: Final = Path(__file__).parent / "page"
"""Where `npm run build` in `web/` puts the page."""

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".onnx": "application/octet-stream",
}

HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Sent with every file. The first two allow shared memory, and so threads; a host without them gets them from the
service worker, from the second visit on."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page.

    Attributes:
        content: its bytes, packed where `packed`.
        media_type: for the header Content-Type.
        packed: whether the bytes are gzipped.
    """

    content: bytes
    media_type: str
    packed: bool = False

    def unpacked(self) -> bytes:
        """Return the bytes as a browser is to see them."""
        return gzip.decompress(self.content) if self.packed else self.content


class Page:
    """The page with its models.

    Args:
        model: the hand model, an `.onnx` file of `likelihand export`; the bundled one where None.

    Raises:
        FileNotFoundError: the page is not built, or there is no such model.
        ValueError: the model is no hand model of this library.

    Example:
        >>> page = Page()
        >>> page.file("constants.json").media_type
        'application/json'
        >>> page.file("../secrets") is None
        True
    """

    def __init__(self, model: Path | None = None) -> None:
        if not (BUILT / "index.html").is_file():
            raise FileNotFoundError(f"{BUILT}: the page is not built; run `npm ci && npm run build` in web/")
        self.model = bundled() if model is None else model
        if model is not None:
            _check(model)

    @cached_property
    def _paths(self) -> dict[str, Path]:
        """Name to file on the disk; a request can name nothing else."""
        built = {p.relative_to(BUILT).as_posix(): p for p in sorted(BUILT.rglob("*")) if p.is_file()}
        models = {"models/hand.onnx": self.model, "models/detect.onnx": WEIGHTS / "detect.onnx"}
        return {name.removesuffix(".gz"): path for name, path in built.items()} | models

    @property
    def names(self) -> list[str]:
        """Names of all files, relative to the page's folder."""
        return [*self._paths, "constants.json"]

    def file(self, name: str) -> PageFile | None:
        """Read a file by its name; None where there is none. An empty name is the page itself."""
        name = name or "index.html"
        if name == "constants.json":
            return PageFile(json.dumps(page_constants()).encode(), MEDIA_TYPES[".json"])
        path = self._paths.get(name)
        if path is None:
            return None
        media_type = MEDIA_TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "text/plain"
        return PageFile(path.read_bytes(), media_type, packed=path.suffix == ".gz")

    def export(self, folder: Path) -> list[Path]:
        """Write every file below a folder, for any web server to host; return their paths.

        Raises:
            OSError: they cannot be written.
        """
        written = []
        for name in self.names:
            file = self.file(name)
            assert file is not None
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.unpacked())
            written.append(path)
        return written


def _check(model: Path) -> None:
    """Check that a file is a hand model that the page can run.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is of another kind.
    """
    from likelihand.inference.runtimes import OnnxRuntime

    metadata: ModelMetadata = OnnxRuntime(model, threads=1).metadata
    if metadata.kind != "hand":
        raise ValueError(
            f"model {model} is of kind {metadata.kind!r} ({KEY} metadata); the page needs a hand model"
        )
