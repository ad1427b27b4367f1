import numpy as np

from likelihand.synth.scene.light import sample_light, spread_directions


def test_directions_are_even() -> None:
    directions = spread_directions(200)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    np.testing.assert_allclose(directions.mean(0), 0, atol=0.01)
    np.testing.assert_allclose(directions.T @ directions / 200, np.eye(3) / 3, atol=0.02)


def test_light_varies_in_direction_colour_and_contrast() -> None:
    lights = [sample_light(np.random.default_rng(seed)) for seed in range(200)]
    keys = np.stack([light.key for light in lights])
    np.testing.assert_allclose(np.linalg.norm(keys, axis=1), 1, atol=1e-5)
    assert (keys[:, 1] < 0).mean() > 0.6
    warm = np.array([light.key_colour[0] / light.key_colour[2] for light in lights])
    assert np.std(np.log(warm)) > 0.2
