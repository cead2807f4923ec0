"""Answers that are on their way, and who holds how much memory with those that they do not read. Pure."""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import TypeVar

from domain.errors import TooManyUnreadAnswers

_Key = TypeVar("_Key", bound=Hashable)

_MIB = 1_024 * 1_024

MAX_UNREAD_OF_ONE = 8 * _MIB
"""Bytes for an account, or for an address of nobody known: five of the largest pages at once."""

MAX_UNREAD_OF_NETWORK = 24 * _MIB
"""Bytes for all that come from one address: three accounts that take as much as they may."""

MAX_UNREAD = 96 * _MIB
"""Bytes for all together: a fifth of the memory that a worker has in the deployment files."""


class Answer:
    """An answer under way; ``cut_off`` ends it."""

    __slots__ = ("cut_off", "network", "owner", "size", "taken_at")

    def __init__(
        self, *, owner: Hashable, network: str, size: int, cut_off: Callable[[], None], taken_at: float
    ) -> None:
        self.owner = owner
        self.network = network
        self.size = size
        self.cut_off = cut_off
        self.taken_at = taken_at


class UnreadAnswers:
    """Counts the bytes of answers until they have been taken.

    Whoever has too many is refused the next answer before it is made. That bounds what one can hold; many can hold
    more, and to refuse everybody then would let them starve the others. So where memory runs short, it is the network
    with the most that loses: of its answers, the one of which nothing was taken for longest.
    """

    def __init__(
        self, *, of_one: int = MAX_UNREAD_OF_ONE, of_network: int = MAX_UNREAD_OF_NETWORK, of_all: int = MAX_UNREAD
    ) -> None:
        self._of_one = of_one
        self._of_network = of_network
        self._of_all = of_all
        self._owners: Counter[Hashable] = Counter()
        self._networks: Counter[str] = Counter()
        self._answers: dict[str, dict[Answer, None]] = {}
        self.total = 0

    def check(self, owner: Hashable) -> None:
        """Let who asks have another answer.

        :raises TooManyUnreadAnswers: if those that were asked for before are still to be read.
        """
        if self._owners[owner] >= self._of_one:
            raise TooManyUnreadAnswers

    def add(self, answer: Answer) -> None:
        """Count an answer, and cut others off if that is too much for its network, or for all."""
        self._owners[answer.owner] += answer.size
        self._networks[answer.network] += answer.size
        self._answers.setdefault(answer.network, {})[answer] = None
        self.total += answer.size
        while self._networks[answer.network] > self._of_network:
            self._cut_off_one_of(answer.network)
        while self.total > self._of_all:
            self._cut_off_one_of(max(self._networks, key=self._networks.__getitem__))

    def remove(self, answer: Answer) -> None:
        """Count an answer no longer; once more does no harm."""
        own = self._answers.get(answer.network, {})
        if answer not in own:
            return
        del own[answer]
        self.total -= answer.size
        _subtract(self._owners, answer.owner, answer.size)
        _subtract(self._networks, answer.network, answer.size)
        if not own:
            del self._answers[answer.network]

    def _cut_off_one_of(self, network: str) -> None:
        stalled = min(self._answers[network], key=lambda answer: answer.taken_at)
        self.remove(stalled)
        stalled.cut_off()


def _subtract(sizes: Counter[_Key], key: _Key, size: int) -> None:
    sizes[key] -= size
    if not sizes[key]:
        del sizes[key]
