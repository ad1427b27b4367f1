"""Paint the skin of fitted hands on the package's sample pictures, and turned: `docs/images/fitting-mesh.png`.

python -m experiments.fit_mesh_picture [PICTURE ...] [--out docs/images/fitting-mesh.png]
"""

import argparse
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from likelihand.data.images import read_image
from likelihand.geometry import Image
from likelihand.inference import load
from likelihand.reconstruction import fit
from likelihand.reconstruction.picture import draw_fits, draw_turned

SHOWN = ("hand-00.jpg", "hand-02.jpg", "hand-03.jpg")
TURNS = (0, 60, 120)
SIDE = 200


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pictures", nargs="*", type=Path)
    p.add_argument("--out", type=Path, default=Path("docs/images/fitting-mesh.png"))
    a = p.parse_args(arguments)
    samples = Path(str(resources.files("likelihand.data.samples"))) / "images"
    predict, rows = load(threads=1), []
    for picture in a.pictures or [samples / name for name in SHOWN]:
        image = read_image(picture)
        if fits := fit(predict(image)):
            seen = [_square(each) for each in (image, draw_fits(image, fits))]
            rows.append(np.concatenate([*seen, *(draw_turned(fits[0], turn, SIDE) for turn in TURNS)], 1))
    Pillow.fromarray(np.concatenate(rows)).save(a.out)
    return 0


def _square(image: Image) -> Image:
    small = Pillow.fromarray(image)
    small.thumbnail((SIDE, SIDE))
    out = Pillow.new("RGB", (SIDE, SIDE), "white")
    out.paste(small)
    return np.array(out)


if __name__ == "__main__":
    raise SystemExit(main())
