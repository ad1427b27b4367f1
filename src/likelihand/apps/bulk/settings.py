"""Settings of a bulk run: the model and the options of `likelihand predict`, sent to every worker."""

import hashlib
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from likelihand.inference import FILMS, PHOTOS, bundled, load, model_file
from likelihand.inference.loading import WEIGHTS

if TYPE_CHECKING:
    from likelihand.inference import Predictor

_FREE: Final = {"model", "threads", "device", "batch_size"}
"""What may differ between runs in one folder: it changes how the work is done, not what is found."""


@dataclass(frozen=True)
class BulkSettings:
    """Options of the predictor; None takes the defaults of `likelihand.inference.PHOTOS` and `FILMS`.

    Attributes:
        model: file or run folder that every worker can read; the bundled model where None.
        runtime: see `likelihand.load`.
        threads: of one prediction.
        device: see `likelihand.load`.
        batch_size: crops in one call of the model.
        crop: whether each picture is one hand that fills it.
        tiles: see `likelihand.load`.
        passes: see `likelihand.load`.
        tta: see `likelihand.load`.
        beyond: see `likelihand.load`.
        calibration: see `likelihand.load`.
        mirrored: whether pictures are mirror images.
        detect_every: frames between two runs of the detector in a film.
        longest_gap: seconds without a frame that a film's clock is believed.
        smoothing: whether a film's points are smoothed.
        column: of Parquet files that holds pictures or paths.

    Example:
        >>> BulkSettings(tta=2).about()["tta"], "threads" in BulkSettings().about()
        (2, False)
    """

    model: str | None = None
    runtime: Any = None
    threads: int = 1
    device: str | None = None
    batch_size: int | None = None
    crop: bool = False
    tiles: str | None = None
    passes: int | None = None
    tta: int | None = None
    beyond: float | None = None
    calibration: str | None = None
    mirrored: bool = False
    detect_every: int | None = None
    longest_gap: float | None = None
    smoothing: bool = True
    column: str | None = None

    def predictor(self, films: bool) -> "Predictor":
        """Load the model as pictures or films need it."""
        defaults: dict[str, Any] = {**(FILMS if films else PHOTOS)}
        given = {name: value for name in defaults if (value := getattr(self, name)) is not None}
        return load(
            self.model,
            runtime=self.runtime,
            threads=self.threads,
            device=self.device,
            detector=not self.crop,
            calibration=self.calibration,
            mirrored=self.mirrored,
            **(defaults | given),
        )

    def about(self) -> dict[str, Any]:
        """Return what another run must share to add to the same results."""
        told = {name: value for name, value in asdict(self).items() if name not in _FREE}
        return {"version": 1, "model": self.model_hash(), **told}

    def model_hash(self) -> str:
        """Return 16 hexadecimal digits of the SHA-256 of the hand model and, where it is used, the detector.

        Raises:
            OSError: the model cannot be read.
        """
        files = [bundled() if self.model is None else model_file(self.model)]
        if not self.crop:
            files.append(WEIGHTS / "detect.onnx")
        digest = hashlib.sha256()
        for file in files:
            with Path(file).open("rb") as content:
                for block in iter(partial(content.read, 2**20), b""):
                    digest.update(block)
        return digest.hexdigest()[:16]
