"""Pack the hand models of the Python package mediapipe as the `.task` file that its web package reads.

    python experiments/web/task.py hand.task      # where mediapipe 0.10 is installed

The package holds the same models without the metadata that says how pixels become numbers.
"""

import argparse
import zipfile
from importlib import import_module
from pathlib import Path

FILES = {
    "hand_detector.tflite": "palm_detection/palm_detection_full.tflite",
    "hand_landmarks_detector.tflite": "hand_landmark/hand_landmark_full.tflite",
}
MEAN, DEVIATION = [0.0], [255.0]
"""Both models take colours in 0..1."""


def with_metadata(path: Path) -> bytes:
    """Return a model's file with its input's normalisation written into it."""
    writers = import_module("mediapipe.tasks.python.metadata.metadata_writers.metadata_writer")
    writer = writers.MetadataWriter.create(bytearray(path.read_bytes()))
    writer.add_image_input(MEAN, DEVIATION)
    return bytes(writer.populate()[0])


def main() -> None:
    """Write the file."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=Path)
    a = p.parse_args()
    modules = Path(str(import_module("mediapipe").__file__)).parent / "modules"
    with zipfile.ZipFile(a.out, "w", zipfile.ZIP_STORED) as task:
        for name, path in FILES.items():
            task.writestr(name, with_metadata(modules / path))


if __name__ == "__main__":
    main()
