"""How long to wait between two looks, and how long at all."""

from __future__ import annotations

import random
from dataclasses import dataclass

_FIRST = 0.25
_USUAL = 1.0
_SHARE = 0.05
_CONSISTENCY = 30.0
_FLOOR = 0.02


@dataclass(frozen=True)
class Pace:
    """Times in seconds of AWS's clock, turned into real ones.

    `scale` is how many of AWS's seconds pass in a real one: 1 on AWS, more in a sandbox that runs faster.
    """

    scale: float = 1.0

    def delay(self, waited: float) -> float:
        """Seconds until the next look, after `waited` real seconds.

        A quarter of a second at first, then half of what was waited up to a second, then 5 % of what was waited:
        short waits end soon, and a change is never noticed later than by a second or a twentieth. The jitter only
        shortens, so this bound holds.
        """
        lived = waited * self.scale
        planned = max(min(_USUAL, max(_FIRST, lived / 2)), lived * _SHARE)
        return max(_FLOOR, planned * random.uniform(0.8, 1.0) / self.scale)

    def real(self, seconds: float) -> float:
        """Real seconds of so many of AWS's."""
        return seconds / self.scale

    @property
    def consistency(self) -> float:
        """Real seconds after which what was created must be visible to every read.

        EC2's reads usually lag by less than 5 s; 30 s is the longest that peers have seen for a VPC.
        """
        return max(_FLOOR, _CONSISTENCY / self.scale)
