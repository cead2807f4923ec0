"""The figures: every quota of the service, and why it is what it is.

What holds for an address holds for an IPv6 /64, and whoever has a /48 has 65,536 of those. So each quota of an address
has one of a site beside it, wide enough for a company whose floors have networks of their own, or for some of the
subscribers that a mobile network puts behind one /48. An IPv4 address is its own site: nothing is counted twice.
"""

from domain.rate_limits.model import Quota

_MINUTE = 60
_HOUR = 60 * _MINUTE
_QUARTER = 15 * _MINUTE

ACCOUNT = Quota(name="account", amount=1_200, window=_MINUTE)
"""Twenty a second, for all that somebody runs together: no person gets there, and no account can starve the others."""

TOKEN = Quota(name="token", amount=600, window=_MINUTE)
"""Half of the account's: a program that runs wild leaves its owner room to find out."""

ANONYMOUS = Quota(name="anonymous", amount=120, window=_MINUTE)
"""Whoever is not signed in has little to ask for; enough for an office behind one address to read what is public."""

MEASUREMENT = Quota(name="measurement", amount=30, window=_MINUTE)
"""Of an account that keeps much, before a write that may be more than it may keep: reading all its rows takes up to a
quarter of a second. It happens close to a quota only, or where somebody adds megabytes in a minute."""

ANONYMOUS_SITE = Quota(name="anonymous-site", amount=1_200, window=_MINUTE)
"""Of ten networks of a site that do all they may: twenty a second, as much as an account may ask for."""

REGISTRATION = Quota(name="registration", amount=10, window=_HOUR)
"""From one address. Each costs a password hash and a row for good; a class that signs up together takes two goes."""

REGISTRATION_SITE = Quota(name="registration-site", amount=40, window=_HOUR)
"""From one site: four classes. A thousand accounts a day are the most that one can have for nothing."""

PASSWORD_CHECK = Quota(name="password", amount=10, window=_QUARTER)
"""Of one account by those who are signed in to it. A stolen session is not the password: it must not find it out."""

PASSWORD_CHECK_ADDRESS = Quota(name="password-address", amount=50, window=_QUARTER)
"""The same from one address, for whoever has many sessions."""

PASSWORD_CHECK_SITE = Quota(name="password-site", amount=200, window=_QUARTER)
"""The same from one site; it takes half a minute to compute as many hashes."""

SIGN_IN = Quota(name="sign-in", amount=10, window=_QUARTER)
"""To one account from one address: ten typing errors. That is 960 guesses a day (NIST SP 800-63B, section 3.2.2)."""

SIGN_IN_ADDRESS = Quota(name="sign-in-address", amount=50, window=_QUARTER)
"""From one address to whatever accounts: an office in the morning, and little for a list of stolen passwords."""

SIGN_IN_ADDRESS_SITE = Quota(name="sign-in-address-site", amount=200, window=_QUARTER)
"""From one site to whatever accounts by strangers to them: four offices, and half a minute of computing hashes."""

SIGN_IN_SITE = Quota(name="sign-in-site", amount=40, window=_HOUR)
"""To one account from one site by strangers: as many as an IPv4 address can, so that it takes more than one site to use
up what all strangers have together."""

SIGN_IN_STRANGERS = Quota(name="sign-in-strangers", amount=100, window=_HOUR)
"""To one account from all addresses together from which nobody has signed in to it: many machines guess no faster."""

FAMILIAR_FOR = 30 * 24 * _HOUR
"""Seconds for which an address is no stranger to an account: as long as a session may last unused."""

REFRESH = Quota(name="refresh", amount=30, window=_QUARTER)
"""Of one session, which needs one in fifteen minutes; what is no token of any is counted as itself."""

REFRESH_ADDRESS = Quota(name="refresh-address", amount=300, window=_QUARTER)
"""From one address: a few hundred people behind it, each of whom is signed in. A site is bounded by what it may ask for
anonymously; an exchange costs no hash, and nobody guesses 256 bits."""
