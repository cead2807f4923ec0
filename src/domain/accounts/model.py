"""What an account is, and the rules for what identifies it."""

import unicodedata
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from domain.clock import Instant
from domain.errors import Invalid
from domain.faults import Faults
from domain.text import checked_label, checked_text, is_encodable
from domain.zones import ZoneName, checked_zone

MAX_EMAIL_LENGTH = 100
MAX_SENT_EMAIL_LENGTH = 2 * MAX_EMAIL_LENGTH
"""With the blanks around it, which were often copied with an address."""
MAX_DISPLAY_NAME_LENGTH = 100
MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 256

EmailAddress = Annotated[
    str,
    Meta(
        max_length=MAX_SENT_EMAIL_LENGTH,
        description=f"Trimmed, at most {MAX_EMAIL_LENGTH} characters then; compared without case.",
        examples=["ada@example.com"],
        extra_json_schema={"format": "idn-email"},
    ),
]
CurrentPassword = Annotated[
    str,
    Meta(
        description="The one that is good now: needed with `email`, refused without.",
        examples=["correct horse battery staple"],
    ),
]
DisplayName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_DISPLAY_NAME_LENGTH,
        description="Blanks around it count, and are taken away; there must be something else.",
        examples=["Ada Lovelace"],
    ),
]


class NewAccount(Struct, frozen=True, kw_only=True):
    """An account about to be stored; the e-mail address is in the form in which it is compared."""

    email: str
    password_hash: str
    created_at: datetime


class Account(Struct, frozen=True, kw_only=True):
    """Somebody who can sign in. The hash of the password never leaves the store in it."""

    id: int
    email: str
    display_name: str | None
    time_zone: str
    created_at: Instant
    updated_at: Instant
    version: int

    def patched(self, patch: "AccountPatch", *, at: datetime) -> "Account":
        """Return the account as ``patch`` wants it, or this very object where the patch changes nothing.

        :raises Invalid: if values of the patch break a rule.
        """
        name, zone, email = self.display_name, self.time_zone, self.email
        with Faults() as faults:
            if patch.display_name is not UNSET:
                name = faults.of(checked_display_name, patch.display_name)
            if patch.time_zone is not UNSET:
                zone = faults.of(checked_zone, patch.time_zone, pointer="/time_zone")
            if not (patch.email is UNSET or self._is_meant_by(patch.email)):
                email = faults.of(checked_email, patch.email)
        changed = replace(self, email=email, display_name=name, time_zone=zone)
        return (
            self if changed == self else replace(changed, updated_at=max(at, self.updated_at), version=self.version + 1)
        )

    def _is_meant_by(self, email: str) -> bool:
        """Tell whether somebody who writes this address means the one of this account."""
        return self.email in forms_of_email(email)


class AccountPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396) of an account: absent is unchanged, null is cleared.

    An e-mail address comes with the password that is good now, also if it is the address that the account has.
    """

    email: EmailAddress | UnsetType = UNSET
    password: CurrentPassword | UnsetType = UNSET
    display_name: DisplayName | None | UnsetType = UNSET
    time_zone: ZoneName | UnsetType = UNSET

    def confirmed_email(self) -> tuple[str, str] | None:
        """Return the e-mail address and the password that confirms it; ``None`` if there is neither.

        :raises Invalid: if there is one without the other.
        """
        if self.email is UNSET and self.password is UNSET:
            return None
        if self.password is UNSET:
            raise Invalid("An e-mail address is changed with the current password only.", pointer="/password")
        if self.email is UNSET:
            raise Invalid("The password confirms another e-mail address, and none is given.", pointer="/password")
        return self.email, self.password


class Credentials(Struct, frozen=True, kw_only=True):
    """What a password is checked against."""

    account_id: int
    email: str
    password_hash: str


_LOCALHOST = "localhost"

# Names that are set apart for private networks and tests name an account as any other; this is how the library is told.
SPECIAL_USE_DOMAIN_NAMES.clear()


def checked_email(text: str, *, pointer: str = "/email") -> str:
    """Return the address in the form in which it is stored and compared: trimmed, in lower case, NFKC.

    Syntax as in RFC 5321 and 6531; whether mail arrives there is not asked. The domain is mapped as IDNA (UTS 46) does.
    The part before it is the business of its mail server, which RFC 6532 (section 3.1) wants nobody to rewrite with
    NFKC; but nothing is mailed from here: this is the name of an account, and of two that look alike one would pass
    for the other (RFC 8264, section 12.5).

    :raises Invalid: if it is no address or longer than 100 characters.
    """
    return _checked_email(text, "NFKC", pointer=pointer)


def forms_of_email(text: str) -> list[str]:
    """Return the forms under which the account of an address may be stored, the one that is looked for first in front.

    Accounts that were opened when only NFC was applied keep their addresses: whoever writes such a one as it is stored
    means that account. Nearly always there is one form; there is none of what is no address.
    """
    forms: dict[str, None] = {}
    for normal_form in ("NFC", "NFKC"):
        with suppress(Invalid):
            forms[_checked_email(text, normal_form)] = None
    return list(forms)


def _checked_email(text: str, normal_form: Literal["NFC", "NFKC"], *, pointer: str = "/email") -> str:
    address = text.strip()
    if len(address) > MAX_EMAIL_LENGTH or not is_encodable(address):
        raise Invalid(f"Must be an e-mail address of at most {MAX_EMAIL_LENGTH} characters.", pointer=pointer)
    local, at, domain = address.rpartition("@")
    try:
        valid = validate_email(
            unicodedata.normalize(normal_form, local) + at + domain,
            check_deliverability=False,
            globally_deliverable=domain.lower() != _LOCALHOST,  # which alone may be a name without a dot
            strict=True,
        )
    except EmailNotValidError as error:
        raise Invalid(f"Must be an e-mail address. {error}", pointer=pointer) from None
    # Letters in lower case may compose where capitals do not, and normalising may make the address longer: an
    # internationalised domain, a composed character.
    local, at, domain = valid.normalized.lower().rpartition("@")
    form = unicodedata.normalize(normal_form, local) + at + unicodedata.normalize("NFC", domain)
    return checked_text(form, pointer=pointer, max_length=MAX_EMAIL_LENGTH)


def checked_password(text: str, *, pointer: str = "/password") -> str:
    """Return the password in the form that is hashed: NFC, so that it does not depend on the keyboard.

    :raises Invalid: if it has fewer than 8 or more than 256 characters, or nothing but blanks.
    """
    password = normalized_password(checked_text(text, pointer=pointer, max_length=MAX_PASSWORD_LENGTH))
    if password and not password.strip():
        raise Invalid("Must not be made of blanks alone.", pointer=pointer)
    return checked_text(password, pointer=pointer, min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)


def normalized_password(text: str) -> str:
    """Return the form of a password that is hashed and verified.

    One that is too long is nobody's and stays as it is: normalising takes time that grows with the square of the
    length, which a stranger must not choose.
    """
    return text if len(text) > MAX_PASSWORD_LENGTH else unicodedata.normalize("NFC", text)


def checked_display_name(text: str | None) -> str | None:
    """Return the name trimmed; ``None`` stays ``None``."""
    if text is None:
        return None
    return checked_label(text, pointer="/display_name", max_length=MAX_DISPLAY_NAME_LENGTH)
