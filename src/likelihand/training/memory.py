"""Keep freed memory in the process: a training step on a CPU reuses the same large blocks."""

import ctypes
import os
from typing import Final

# malloc.h of the GNU C library
_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
_GREATEST: Final = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have the C library keep freed blocks of any size for the next use; return whether it could be told.

    By default the GNU library gives large blocks back to the system, which clears every page anew in the next
    step: a third of a CPU's training time. The process needs a tenth more memory instead. Elsewhere nothing
    happens.

    Example:
        >>> keep_freed_memory() in (True, False)
        True
    """
    tell = None if os.name == "nt" else getattr(ctypes.CDLL(None), "mallopt", None)
    return tell is not None and bool(tell(_MMAP_MAX, 0)) and bool(tell(_TRIM_THRESHOLD, _GREATEST))
