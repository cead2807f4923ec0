"""URLs of hosts that somebody has written down."""


def http_url(host: str, port: int | None = None) -> str:
    """Return where a host answers; an IPv6 address stands in brackets there (RFC 3986, section 3.2.2).

    Whether it is an address at all, asking it shows.
    """
    bracketed = f"[{host}]" if ":" in host else host
    return f"http://{bracketed}" if port is None else f"http://{bracketed}:{port}"
