import numpy as np

from likelihand.synth.render import material as m
from likelihand.synth.render.texture import linear_of_lab
from likelihand.synth.scene.materials import hand_material, skin_tone, thing_material


def test_skin_covers_the_human_range_and_is_never_blue() -> None:
    rng = np.random.default_rng(0)
    tones = np.array([skin_tone(rng) for _ in range(2000)])
    assert tones[:, 0].min() < 27 and tones[:, 0].max() > 73
    rgb = np.array([linear_of_lab(*tone) for tone in tones])
    assert (rgb[:, 0] > rgb[:, 1]).all() and (rgb[:, 1] >= 0.9 * rgb[:, 2]).mean() > 0.99
    assert 0.2 < (tones[:, 0] < 48).mean() < 0.45


def test_without_variety_all_hands_are_bare_and_of_one_tone() -> None:
    rows = [hand_material(np.random.default_rng(seed), varied=False) for seed in range(5)]
    assert len({row[m.LIGHTNESS] for row in rows}) == 1
    assert all(row[m.SLEEVE_START] == row[m.WATCH_AT] == row[m.RING_FINGER] == m.NEVER for row in rows)


def test_dress_comes_in_shares() -> None:
    rows = np.stack([hand_material(np.random.default_rng(seed)) for seed in range(800)])
    for column, low, high in ((m.SLEEVE_START, 0.45, 0.65), (m.RING_FINGER, 0.09, 0.2), (m.GLOVE_END, 0.01, 0.06)):
        assert low < (rows[:, column] < 50).mean() < high
    assert np.isfinite(rows).all()
    assert thing_material(np.random.default_rng(0))[m.KIND] == m.THING
