"""Who wants a password hashed, as far as it matters for whose turn it is."""

from msgspec import Struct

from domain.rate_limits.networks import site_of


class Requester(Struct, frozen=True, kw_only=True):
    """An account that is signed in, or the place that a request comes from: those of one ``key`` wait for each other.

    The place is a whole site: with its 65,536 networks it has one turn, as everybody has. Those who are known,
    because they are signed in or have been from this address, go before those who may be anybody.
    """

    key: int | str
    is_known: bool = False

    @classmethod
    def from_address(cls, address: str | None, *, is_known: bool = False) -> "Requester":
        """Return who asks without being signed in."""
        return cls(key=site_of(address), is_known=is_known)

    @classmethod
    def account(cls, account_id: int) -> "Requester":
        """Return who is signed in."""
        return cls(key=account_id, is_known=True)
