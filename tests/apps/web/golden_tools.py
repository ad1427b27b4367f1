"""What the golden vectors are drawn with and written as."""

import base64

import cv2
import numpy as np

SIZE = (64, 64)
SHAPE = np.random.default_rng(7).normal(0, 1, (21, 2)) * (0.8, 1.2)


def bytes64(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def rounded(values, digits=6):
    return np.asarray(values, np.float64).round(digits).tolist()


def triple(covariance):
    c = np.asarray(covariance)
    return rounded(np.stack([c[..., 0, 0], c[..., 0, 1], c[..., 1, 1]], -1))


def picture(height, width, seed=0):
    """Blobs, edges and noise."""
    rng = np.random.default_rng(seed)
    blobs = cv2.resize(rng.integers(0, 256, (5, 6, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    blobs[height // 3 : height // 2, width // 4 : width // 2] = rng.integers(0, 256, 3)
    noise = rng.integers(-20, 21, blobs.shape)
    return np.clip(blobs.astype(int) + noise, 0, 255).astype(np.uint8)


def covariances(rng, count, low=1.0, high=4.0):
    a = rng.normal(0, 1, (count, 2, 2)) * rng.uniform(low, high, (count, 1, 1))
    return a @ a.transpose(0, 2, 1) + 0.3 * np.eye(2)
