"""Input that nobody means well with, in tables: what it is, and with which statuses it may be answered."""

ONE_MEBIBYTE = 1024 * 1024
NEARLY_TOO_LARGE = 130_000
"""Bytes that every route reads which takes JSON."""

BODIES: dict[str, tuple[bytes, set[int]]] = {
    "empty": (b"", {400}),
    "white space": (b" \r\n\t", {400}),
    "cut off": (b'{"tit', {400}),
    "something after it": (b"null x", {400, 422}),
    "a comma too many": (b"{,}", {400}),
    "single quotes": (b"{'title':'x'}", {400}),
    "a line feed in a string": (b'{"x\ny":1}', {400}),
    "a byte order mark": (b"\xef\xbb\xbf[1]", {422}),
    "UTF-16": ('{"title":"x"}'.encode("utf-16"), {400}),
    "invalid UTF-8 in a value": (b'{"title":"\xff","email":"\xc3"}', {400, 422}),
    "invalid UTF-8 in a name": (b'{"\xff":1}', {400}),
    "an encoded surrogate": (b'{"\xed\xa0\x80":1}', {400, 422}),
    "a lone surrogate in a name": (b'{"\\ud800":1}', {400}),
    "not a number": (b"NaN", {400}),
    "infinity": (b"[-Infinity]", {400, 422}),
    "null": (b"null", {422}),
    "a string": (b'"title"', {422}),
    "a list": (b"[]", {422}),
    "a large number": (b"1e400", {400, 422}),
    "a huge integer": (b"9" * 100_000, {400, 422}),
    "lists in lists": (b"[" * (NEARLY_TOO_LARGE // 2) + b"]" * (NEARLY_TOO_LARGE // 2), {422}),
    "lists that never end": (b"[" * NEARLY_TOO_LARGE, {400, 422}),
    "objects in objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, {422}),
    "an unknown field": (b'{"__proto__":{"admin":true}}', {422}),
    "as much as is read": (b'{"x":"' + b"x" * NEARLY_TOO_LARGE + b'"}', {422}),
}
"""For routes that want a JSON object, with the statuses each may be answered with."""

FORMS: dict[str, tuple[bytes, set[int]]] = {
    "empty": (b"", {400}),
    "JSON": (b'{"username":"x","password":"y"}', {400}),
    "invalid UTF-8": (b"username=\xff&password=x", {400}),
    "percent-encoded invalid UTF-8": (b"username=%ff&password=x", {400}),
    "percent-encoded surrogates": (b"username=%ed%a0%80&password=x", {400}),
    "NUL": (b"username=a%00%40example.com&password=%00", {401}),
    "percent signs": (b"username=%&password=%zz%", {401}),
    "a field twice": (b"username=a&username=b&password=x", {400}),
    "many fields": (b"&".join(b"f%d=x" % number for number in range(1_000)), {400}),
    "a long name": (b"x" * 100_000 + b"=x", {400}),
    "a long password": (b"username=ada%40example.com&password=" + b"x" * 100_000, {401}),
    "an unknown flow": (b"username=a&password=b&grant_type=client_credentials", {400}),
}

CONTENT_TYPES = [
    None,
    "",
    "text/plain",
    "text/json",
    "application/xml",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/jsonx",
    "application/x-www-form-urlencoded, application/json",
    "/",
    ";",
    "x" * 10_000,
]

TEXTS = {
    "NUL": "a\0b@example.com",
    "a lone surrogate": "a\ud800b",
    "as much as is read": "x" * NEARLY_TOO_LARGE,
}

ZONES = [
    "../../etc/passwd",
    "/etc/passwd",
    "",
    " ",
    "Europe",
    "Europe/Berlin\n",
    "europe/berlin",
    "UTC\0",
    "x" * 10_000,
]

ENDS_OF_THE_CALENDAR = ["0001-01-01", "9999-12-31"]

NO_DATES = [
    *("0000-01-01", "10000-01-01", "-0001-01-01", "2026-02-30", "2026-13-01", "2026-1-1", "20260101", "2026-W01-1"),
    *("2026-12-24T00:00:00Z", "٢٠٢٦-١٢-٢٤", "2026-12-24\n", "today", "", "1"),
]

EXTREME_ZONES = ["UTC", "Etc/GMT-14", "Etc/GMT+12", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"]

NUMBERS = [
    b"1e400",
    b"-1e400",
    b"-0",
    b"-0.0",
    b"1.5",
    b"6.0",
    b"6e0",
    b"0x1",
    b"01",
    b"+1",
    b"9" * 5_000,
    b"1" * 310 + b".5",
]

IDS = [
    *(
        "0",
        "-1",
        "-0",
        str(2**63),
        str(2**64 + 1),
        "9" * 100,
        "9" * 5_000,
        "{id}_0",
        "0_{id}",
        "0{id}",
        "+{id}",
        "%2B{id}",
    ),
    *(
        "%20{id}",
        "{id}%20",
        "{id}%0A",
        "{id}%00",
        "{id}.0",
        "{id}e0",
        "0x{id}",
        "null",
        "true",
        "x" * 5_000,
        "*",
        "%2e%2e",
    ),
    *("%EF%BC%91", "%D9%A1", "%E2%91%A0", "%ff", "%", "%zz", "%u0031", "{id};x", "{id},{id}", "..%2f..%2fetc%2fpasswd"),
]

TARGETS: list[tuple[bytes, set[int]]] = [
    (b"/%", {404}),
    (b"/%00", {404}),
    (b"/%ff/%fe", {404}),
    (b"/todos%00", {404}),
    (b"/" + b"x" * 60_000, {414}),
    (b"/" * 5_000, {414}),
    (b"/../../etc/passwd", {404}),
    (b"/schema/assets/..%2f..%2fetc%2fpasswd", {404}),
    (b"/schema/assets/%2e%2e/%2e%2e/etc/passwd", {404}),
    (b"/todos?%", {200, 422}),
    (b"/todos?limit=%", {422}),
    (b"/todos?limit=%zz", {422}),
    (b"/todos?limit=%ff", {422}),
    (b"/todos?tag=%ff", {200, 422}),
    (b"/todos?tag=%00", {422}),
    (b"/todos?tag=a%00b", {422}),
    (b"/todos?tag=%ed%a0%80", {200, 422}),
    (b"/todos?q=%00", {422}),
    (b"/todos?q=%ff%25_%5c", {200}),
    (b"/todos?q=" + b"x" * 60_000, {414}),
    (b"/todos?cursor=%00", {422}),
    (b"/todos?cursor=" + b"A" * 60_000, {414}),
    (b"/todos?due_before=0001-01-01T00:00:00%2B23:59", {422}),
    (b"/todos?due_after=9999-12-31T23:59:59-23:59", {422}),
    (b"/todos?due_after=2026-12-24T00:00:00+01:00", {422}),
    (b"/todos?priority=" + b"9" * 5_000, {422}),
    (b"/todos?" + b"&".join(b"x%d=1" % number for number in range(5_000)), {414}),
    (b"/todos?limit=1&limit=x", {422}),
    (b"/todos?\xff=\xfe", {200, 422}),
    (b"/posts?page=%00", {422}),
    (b"/posts?page=2147483647&per_page=100", {200}),
]

PARAMETERS = ["\0", "a\0b", "\ufffe", "x" * 5_000, "' OR 1=1 --", "%", "../..", "{}", "[]"]

HEADERS = ["x" * 100_000, '"1",' * 20_000, "\xff", "", "\t", "%00", "W/" * 10_000]
