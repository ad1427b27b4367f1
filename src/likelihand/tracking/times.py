"""Strictly increasing frame times from timestamps that may be coarse, repeated, missing or wrong.

What a container says is kept where it can be true. Frames whose stamps cannot be true are spread evenly between
the two around them that can. Where the clock itself jumps, back or by more than `LONGEST_GAP`, the frame rate says
how long the step was. FFmpeg's own program draws that line at 10 s too (`-dts_delta_threshold`).
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias, TypeVar

Item = TypeVar("Item")
Stamps: TypeAlias = Sequence[float | None]

LONGEST_GAP: Final = 10.0
"""Seconds between two frames above which the clock has jumped."""
_LONGEST_GAP_IN_STEPS: Final = 10.0  # for films of few frames per second
_PLAIN: Final = 4.0  # a stamp up to so many steps ahead is believed at once
_WITNESSES: Final = 6  # stamps after a doubtful one that are waited for
_WINDOW: Final = 16  # frames that are waited for where none of them can follow the last one
_LEAST_STEP: Final = 0.1  # steps between two frames where the frame rate was too slow and stamps lag behind
_DIGITS: Final = 9  # of a second, so that equal stamps stay equal where a jump is added


class Jump(NamedTuple):
    """A place where a film's clock jumps.

    Attributes:
        frame: the first frame after it, counted from 0.
        seconds: by how much; below 0 for a jump back.
    """

    frame: int
    seconds: float


class Clock:
    """Turns timestamps into strictly increasing times.

    Args:
        rate: frames per second, until steps have been seen.
        longest_gap: seconds between two frames above which the clock has jumped; infinity believes every gap.

    Attributes:
        jumps: those found so far.

    Raises:
        ValueError: the rate or the gap is not above 0.

    Example:
        >>> stamps = [0.0, 0.0, 0.0, 0.1, 0.1]
        >>> [round(seconds, 3) for _, seconds in Clock(rate=12).timed(enumerate(stamps))]
        [0.0, 0.033, 0.067, 0.1, 0.133]
    """

    def __init__(self, rate: float, longest_gap: float = LONGEST_GAP) -> None:
        for name, value in (("rate", rate), ("longest_gap", longest_gap)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; give a number above 0")
        self.longest_gap = longest_gap
        self.jumps: list[Jump] = []
        self._announced = 1 / rate
        self._steps: deque[float] = deque([self._announced], maxlen=15)
        self._offset = 0.0  # what a jump has added to all later stamps
        self._stamp: float | None = None  # the last one believed, with its offset
        self._begun = False
        self._time = 0.0  # of the first frame held
        self._count = 0  # frames given

    @property
    def step(self) -> float:
        """Seconds from frame to frame: the median of the last ones seen."""
        return sorted(self._steps)[len(self._steps) // 2]

    def timed(self, items: Iterable[tuple[Item, float | None]], most: int = 120) -> Iterator[tuple[Item, float]]:
        """Yield each item, whose stamp may be None, with its time, later than that of the one before.

        At most so many items are held to see what comes next; where all is well it is one.
        """
        held: list[tuple[Item, float | None]] = []
        for item in items:
            held.append(item)
            yield from self._decided(held, len(held) >= most)
        while held:
            yield from self._decided(held, True)
            if len(held) == 1:
                self._begin(self._shifted([held[0][1]]))
                yield held.pop()[0], self._time

    def _decided(self, held: list[tuple[Item, float | None]], now: bool) -> Iterator[tuple[Item, float]]:
        """Yield and drop the first items held while their times are certain, or `now` all but one of them."""
        while len(held) > 1 and (times := self._times([stamp for _, stamp in held], now)):
            self._count += len(times)
            done, held[: len(times)] = held[: len(times)], []
            yield from ((item, seconds) for (item, _), seconds in zip(done, times, strict=True))

    def _times(self, raw: Stamps, now: bool) -> list[float]:
        """Return the times of the frames before the next one whose time is certain, which becomes the first."""
        stamps = self._shifted(raw)
        if not self._begun and stamps[0] is None and not (now or self._is_enough(stamps)):
            return []
        self._begin(stamps)
        following = stamps[1]
        if following is not None and self._stamp is not None and 0 < following - self._time <= _PLAIN * self.step:
            return self._spread(1, following)
        return self._doubted(stamps) if now or self._is_enough(stamps) else []

    def _shifted(self, raw: Stamps) -> list[float | None]:
        finite = (None if s is None or not math.isfinite(s) else s for s in raw)
        return [s if s is None or not self._offset else round(s + self._offset, _DIGITS) for s in finite]

    def _begin(self, stamps: Stamps) -> None:
        """Set the time of a film's first frame: its stamp, or what fits the next one's."""
        if not self._begun:
            k, t = next(((i, t) for i, t in enumerate(stamps) if t is not None), (0, 0.0))
            self._time = max(0.0, t - k * self.step) if k else t
            self._stamp, self._begun = stamps[0], True

    def _is_enough(self, stamps: Stamps) -> bool:
        """Tell whether what is held shows which stamp to believe next."""
        reset = self._reset(stamps)
        if reset is not None and self._goes_on(stamps[reset:]):
            return len(stamps) - reset > _WINDOW
        if (k := self._believable(stamps)) is not None:
            return len(stamps) - k > _WITNESSES
        repeated = self._stamp is not None and 2 * sum(t == self._stamp for t in stamps[1:]) >= len(stamps)
        return len(stamps) > _WINDOW and not repeated

    def _doubted(self, stamps: Stamps) -> list[float]:
        """Decide by all stamps held: believe one, or see a jump, or go by the frame rate."""
        k, reset = self._believable(stamps), self._reset(stamps)
        if reset is not None and len(stamps) - reset > _WITNESSES and self._goes_on(stamps[reset:]):
            k = None
        if k is not None and (t := stamps[k]) is not None:
            return self._spread(k, t) if t - self._time <= self._limit(stamps) else self._jumped(k, t)
        if reset is not None and (t := stamps[reset]) is not None:
            return self._jumped(reset, t)
        return self._spread(len(stamps) - 1, None)

    def _believable(self, stamps: Stamps) -> int | None:
        """Return the first frame whose stamp is later than the last one's and not above most of those after it."""
        for k, t in enumerate(stamps):
            if k and t is not None and (self._stamp is None or t > self._stamp):
                above = [later >= t for later in stamps[k + 1 :] if later is not None]
                if not above or 2 * sum(above) > len(above):
                    return k
        return None

    def _reset(self, stamps: Stamps) -> int | None:
        """Return the first frame whose stamp is earlier than the last one's, as most are from there on."""
        last = -math.inf if self._stamp is None else self._stamp
        first = next((k for k, t in enumerate(stamps) if k and t is not None and t < last), None)
        earlier = [t < last for t in stamps[first:] if t is not None]
        return first if 2 * sum(earlier) > len(earlier) or self._goes_on(stamps[first:]) else None

    def _goes_on(self, stamps: Stamps) -> bool:
        """Tell whether stamps go on as those of a film do: a clock that was set back, not a frame out of order."""
        known = [t for t in stamps if t is not None]
        longest = _PLAIN * self.step
        return all(0 <= later - t <= longest for t, later in pairwise(known))

    def _limit(self, stamps: Stamps) -> float:
        """Return the longest gap that is believed: films of few frames per second have long ones."""
        known = [t for t in stamps if t is not None]
        steps = sorted(b - a for a, b in pairwise(known) if b > a)
        typical = max(self.step, steps[len(steps) // 2] if len(steps) >= _WITNESSES else 0.0)
        return max(self.longest_gap, _LONGEST_GAP_IN_STEPS * typical)

    def _jumped(self, k: int, t: float) -> list[float]:
        """Go on by the frame rate to frame k, by whose stamp the clock is set anew."""
        if self._count == 0:  # it is the first frame's own stamp that is wrong
            self._time = max(0.0, t - k * self.step)
        elif abs(t - self._time) > _PLAIN * self.step:
            self.jumps.append(Jump(self._count + k, t - self._time))
        end = round(self._time + k * self.step, _DIGITS)
        self._offset += end - t
        return self._spread(k, end)

    def _spread(self, k: int, stamp: float | None) -> list[float]:
        """Return the times of the first k frames; frame k has this stamp, or goes by the frame rate.

        In a long gap after frames that share a stamp, these stay together.
        """
        start = self._time
        if stamp is None:
            self._time = start + k * self.step
            return [start + i * self.step for i in range(k)]
        end = stamp if stamp > start else start + k * _LEAST_STEP * self.step
        even = (end - start) / k
        plain = even <= _PLAIN * self.step
        step = even if plain else self.step
        fits = k > 1 and abs(even - self._announced) * k <= self._announced  # coarse stamps tell no more
        self._steps.extend([self._announced if fits else even] * (k if plain else 1))
        self._time, self._stamp = end, stamp
        return [start + i * step for i in range(k)]
