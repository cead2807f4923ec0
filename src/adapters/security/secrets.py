"""Random secrets and their digests."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from secrets import token_urlsafe


class HmacSecrets:
    """Implements ``domain.authentication.ports.Secrets`` with SHA-256 and HMAC (RFC 2104)."""

    def __init__(self, key: str) -> None:
        # A key of its own: what is derived for one purpose must not say anything about another.
        self._key = hmac.digest(key.encode(), b"todo-api refresh token successors", "sha256")
        self._pseudonym_key = hmac.digest(key.encode(), b"todo-api pseudonyms", "sha256")

    def new(self) -> str:
        """See the port."""
        return token_urlsafe(32)

    def successor(self, secret: str) -> str:
        """See the port."""
        return urlsafe_b64encode(hmac.digest(self._key, secret.encode(), "sha256")).rstrip(b"=").decode()

    def digest(self, secret: str) -> str:
        """See the port."""
        return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

    def pseudonym(self, text: str) -> str:
        """See the port."""
        return hmac.digest(self._pseudonym_key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
