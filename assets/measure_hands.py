"""Measure drawn hands: time each, fingers inside each other, and how near a pinch's skin comes.

python -m assets.measure_hands --count 500
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np
from tqdm import tqdm

from assets.penetration import finger_depths, skin_distance
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import sample_hand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    count = parser.parse_args().count
    asset = load_asset()
    sample_hand(np.random.default_rng(0), asset)
    start = time.process_time()
    hands = [sample_hand(np.random.default_rng([11, i]), asset) for i in range(count)]
    print(f"{(time.process_time() - start) / count * 1e3:.2f} ms of CPU a hand")
    print(dict(Counter(hand.contact or "none" for hand in hands)))
    depths = np.array([finger_depths(hand.vertices, hand.triangles, asset) for hand in tqdm(hands)]) * 1e3
    fingers, palm = depths[:, 1:].max((1, 2)), depths[:, 0].max(1)
    print(
        f"share with fingers deeper than 1.5 mm in each other: {np.mean(fingers > 1.5):.4f}; "
        f"than 3 mm in the palm: {np.mean(palm > 3):.4f}"
    )
    gaps = [skin_distance(hand, asset) * 1e3 for hand in hands if hand.contact]
    print(
        "distance of touching skins, mm: median {:.2f}, 95 % {:.2f}, most {:.2f}".format(
            *np.percentile(gaps, (50, 95, 100))
        )
    )


if __name__ == "__main__":
    main()
