"""When a part that died is started again, and when that is a crash loop; pure."""

from dataclasses import dataclass, field
from typing import Final

FIRST_S: Final = 0.5
LONGEST_S: Final = 30.0  # a store that was away an hour is tried often enough
STABLE_S: Final = 60.0  # a part that ran this long has got over its trouble
LOOP_AFTER: Final = 5  # deaths in a row, 15 s of waiting: a person should look


@dataclass
class Restarts:
    """The deaths of one part. Times are seconds of one clock that never goes back."""

    total: int = 0  # starts after a death, as shown to the user
    deaths: int = field(default=0, init=False)  # in a row
    due_s: float = field(default=0.0, init=False)  # when the next start may be

    def died(self, now_s: float, ran_s: float) -> None:
        """Note a death after `ran_s` seconds; the wait doubles with each death in a row."""
        self.deaths = 1 if ran_s >= STABLE_S else self.deaths + 1
        self.due_s = now_s + min(LONGEST_S, FIRST_S * 2.0 ** (self.deaths - 1))
        self.total += 1

    @property
    def looping(self) -> bool:
        """Whether it dies again and again."""
        return self.deaths >= LOOP_AFTER
