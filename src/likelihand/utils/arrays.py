"""Types of arrays that rendering passes around, named once."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int32]
Image: TypeAlias = NDArray[np.uint8]
Generator: TypeAlias = np.random.Generator
