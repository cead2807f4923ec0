"""Request bodies: what fits is decoded, what does not is pointed to."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from domain.api_tokens.model import NewApiToken
from domain.errors import MAX_FAULTS, Invalid
from domain.todos.model import NewTodo, TodoPatch
from entrypoints.http.bodies import FormBody, JsonBody, MergePatchBody
from entrypoints.http.problems import MalformedBody, UnsupportedMediaType


class Item(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)] = "x"
    kind: Literal["a", "b"] = "a"
    numbers: list[list[int]] = []
    by_name: dict[str, int] = {}


class Order(Struct, forbid_unknown_fields=True, rename={"first": "to/day", "then": "~later"}):
    items: list[Item] = []
    first: int = 0
    then: list[int] = []


class Credentials(Struct):
    username: str
    password: str
    kind: Literal["a"] = "a"


def decoded(body: bytes, wanted: Any = Order, *, kind: type[JsonBody] = JsonBody) -> Any:
    return kind.decode(body, wanted)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
        (b'{"items": {}}', "/items"),
        (b'{"items": [{}, []]}', "/items/1"),
        (b'{"items": [{}, {"name": ""}]}', "/items/1/name"),
        (b'{"items": [{"name": 1}]}', "/items/0/name"),
        (b'{"items": [{"kind": "c"}]}', "/items/0/kind"),
        (b'{"items": [{"numbers": [[], [1, 2, "3"]]}]}', "/items/0/numbers/1/2"),
        (b'{"items": [{"numbers": [[1.5]]}]}', "/items/0/numbers/0/0"),
        (b'{"items": [{}, {}, {"other": 1}]}', "/items/2/other"),
        (b'{"items": [{"by_name": {"x": "y"}}]}', "/items/0/by_name/-"),
        (b'{"other": 1}', "/other"),
        (b'{"a/b~c": 1}', "/a~1b~0c"),
        (b'{"~1": 1}', "/~01"),
        (b'{"a`b": 1}', "/a`b"),
        (b'{"a\\nb": 1}', "/a\nb"),
        (b'{"": 1}', "/"),
        ('{"gr\u00f6\u00dfe \U0001f95b": 1}'.encode(), "/gr\u00f6\u00dfe \U0001f95b"),
        (b'{"items": [{"a/b": 1}]}', "/items/0/a~1b"),
        (b'{"items": [{"q` - at `$.x": 1}]}', "/items/0/q` - at `$.x"),
        (b'{"to/day": "x"}', "/to~1day"),
        (b'{"~later": [1, "x"]}', "/~0later/1"),
    ],
)
def test_the_value_that_is_wrong_is_pointed_to(body: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        decoded(body)

    assert error.value.pointer == pointer
    assert error.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("body", "wanted", "pointer", "detail"),
    [
        (b"{}", NewTodo, "/title", 'The field "title" is missing.'),
        (b'{"title": "x", "due": {}}', NewTodo, "/due/date", 'The field "date" is missing.'),
        (b'{"title": "x", "owner_id": 7}', NewTodo, "/owner_id", 'There is no field "owner_id" here.'),
        (b'{"title": null}', TodoPatch, "/title", "Must be a string, not null."),
        (b'{"priority": 6}', TodoPatch, "/priority", "Must be from 1 to 5."),
        (b'{"priority": "3"}', TodoPatch, "/priority", "Must be an integer or null, not a string."),
        (b'{"done": 1}', TodoPatch, "/done", "Must be true or false, not an integer."),
        (b'{"tags": ["home", ""]}', TodoPatch, "/tags/1", "Must have 1 to 50 characters."),
        (b'{"due": {"date": "2026-02-30"}}', TodoPatch, "/due/date", "There is no day 2026-02-30 in the calendar."),
        (
            b'{"due": {"time": "24:00"}}',
            TodoPatch,
            "/due/time",
            "Does not have this form: A local time of day, HH:MM or HH:MM:SS.",
        ),
    ],
)
def test_the_reason_is_said_without_the_place(body: bytes, wanted: Any, pointer: str, detail: str) -> None:
    with pytest.raises(Invalid) as error:
        decoded(body, wanted)

    assert error.value.pointer == pointer
    assert error.value.detail == detail


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50), st.none()))
def test_an_unknown_field_of_whatever_name_is_pointed_to(fields: dict[str, None]) -> None:
    unknown = {name: None for name in fields if name not in {"items", "to/day", "~later"}}
    if not unknown:
        return

    with pytest.raises(Invalid) as error:
        decoded(msgspec.json.encode(unknown))

    pointers = [fault.pointer or "" for fault in error.value.faults]
    named = [pointer[1:].replace("~1", "/").replace("~0", "~") for pointer in pointers]
    assert named == list(unknown)[:MAX_FAULTS]


@pytest.mark.parametrize("body", [b"", b"{", b"{]", b"nul", b'{"items": [}', b"\xff", b'{"to/day": 1} x', b"NaN"])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody, match="not valid JSON"):
        decoded(body)


@pytest.mark.parametrize("body", [b'{"items": [{"name": "\xff"}]}', b'{"items": [{"name": "\\ud800"}]}'])
def test_text_that_is_no_unicode_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        decoded(body)


def test_a_body_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises((MalformedBody, Invalid)):
        decoded(b"[" * 1_000_000)
    with pytest.raises(MalformedBody):
        decoded(b"[" * 1_000_000, Any)


@given(st.binary())
def test_no_body_is_anything_worse_than_malformed_or_invalid(body: bytes) -> None:
    try:
        order = decoded(body)
    except (MalformedBody, Invalid):
        return

    assert isinstance(order, Order)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"items": [', "it ends too early"),
        (b'{"to/day": 1} x', "trailing characters, at byte 15"),
        (b'{"items": [{"name": "\xff"}]}', "a string in it is not UTF-8"),
        (b'{"items": [{"name": "\\ud83d"}]}', "\\ud83d, at byte 21, is a lone surrogate"),
        (b'{"items": [{"name": "\\ud83dx"}]}', "\\ud83d, at byte 21, is a lone surrogate"),
        (b'{"items": [{"name": "\\uDD5b"}]}', "\\uDD5b, at byte 21, is a lone surrogate"),
        (b'{"items": [{"name": "\\ud83d\\udd5b\\udd5b"}]}', "\\udd5b, at byte 33, is a lone surrogate"),
        (b'{"to/day": "x", "items": [}', "at byte 26"),
        (b'{"items": [{"name": "\\\\ud83d"}', "it ends too early"),
        (b'{"items": [{"name": "\\\\\\ud83d"}', "\\ud83d, at byte 23, is a lone surrogate"),
        (b'{"items": [{"name": "\\ud83d\\udd5b"}', "it ends too early"),
        (b'{"to/day": "x"', "it ends too early"),
    ],
)
def test_what_is_no_json_is_told_why(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedBody) as error:
        decoded(body)

    assert reason in error.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b'{"to/day": 1, "to/day": 2}',
        b'{"to/day" : 1, "to/day"\n: 1}',
        b'{"to/day": 1, "to\\u002fday": 2}',
        b'{"items": [{"name": "a", "name": "b"}]}',
        b'{"items": [{"by_name": {"x": 1, "x": 1}}]}',
        b'{"items": [{"by_name": {"\\"": 1, "\\"": 1}}]}',
    ],
)
def test_an_object_with_a_name_twice_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody, match="stands twice"):
        decoded(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"name": "a"}, {"name": "a"}]}',
        b'{"items": [{"name": "\\"name\\": 1, \\"name\\": 2"}]}',
        b'{"items": [{"name": "name"}]}',
        b'{"items": [{"by_name": {"name": 1}, "name": "x"}]}',
    ],
)
def test_a_name_in_several_objects_or_in_a_text_is_fine(body: bytes) -> None:
    assert isinstance(decoded(body), Order)


@given(
    st.recursive(
        st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    )
)
def test_whatever_has_each_name_once_is_decoded(content: object) -> None:
    assert decoded(json.dumps(content).encode(), Any) == content
    assert decoded(msgspec.json.encode(content), Any) == content


@pytest.mark.parametrize(
    ("number", "value"),
    [("2.0", 2), ("2e0", 2), ("0.2E1", 2), ("-0.0", 0), ("1e3", 1000), ("9007199254740992.0", 2**53)],
)
def test_a_number_without_a_fraction_is_an_integer(number: str, value: int) -> None:
    order = decoded(f'{{"to/day": {number}, "~later": [{number}, 1]}}'.encode())

    assert order == Order(first=value, then=[value, 1])
    assert [type(each) for each in (order.first, *order.then)] == [int, int, int]


@pytest.mark.parametrize("number", ["2.5", "1e400", "-1e400", "9007199254740994.0", "1e17", '"2.0"', "1e-400000"])
def test_what_is_no_integer_is_not_rounded_to_one(number: str) -> None:
    body = f'{{"~later": [1, {number}]}}'.encode()

    if number == "1e-400000":
        assert decoded(body) == Order(then=[1, 0])  # which is what it is to any reader of JSON
        return
    with pytest.raises(Invalid) as error:
        decoded(body)
    assert error.value.pointer == "/~0later/1"


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(Invalid, match="digits"):
        decoded(b'{"to/day": ' + b"1" * 5_000 + b"}")


def test_a_whole_number_is_held_to_the_bounds_of_integers() -> None:
    with pytest.raises(Invalid, match="from 1 to 5"):
        decoded(b'{"priority": 6.0}', TodoPatch)
    assert decoded(b'{"priority": 5.0}', TodoPatch) == TodoPatch(priority=5)


def test_every_value_that_does_not_fit_is_pointed_to() -> None:
    body = b"""{
        "titel": "x", "priority": 9, "tags": ["a", 1, "", "b"], "done": "no",
        "due": {"date": "2026-02-30", "time": "25:00", "zone": 1, "hour": 2}
    }"""

    with pytest.raises(Invalid, match="10 values do not fit") as error:
        decoded(body, NewTodo)

    assert {fault.pointer: fault.detail for fault in error.value.faults} == {
        "/title": 'The field "title" is missing.',
        "/titel": 'There is no field "titel" here.',
        "/priority": "Must be from 1 to 5.",
        "/tags/1": "Must be a string, not an integer.",
        "/tags/2": "Must have 1 to 50 characters.",
        "/done": "Must be true or false, not a string.",
        "/due/date": "There is no day 2026-02-30 in the calendar.",
        "/due/time": "Does not have this form: A local time of day, HH:MM or HH:MM:SS.",
        "/due/zone": "Must be a string or null, not an integer.",
        "/due/hour": 'There is no field "hour" here.',
    }


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b",".join(b'"%d": 1' % number for number in range(5_000)) + b"}",
        b'{"items": [' + b",".join([b"1"] * 30_000) + b"]}",
        b'{"~later": [' + b",".join([b'"x"'] * 15_000) + b"]}",
        b'{"items": [{"numbers": [' + b",".join([b'["x"]'] * 10_000) + b"]}]}",
    ],
    ids=["names", "items", "numbers", "lists"],
)
def test_a_hostile_body_is_looked_at_for_so_long_only(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[object] = []
    convert: Callable[..., Any] = msgspec.convert

    def counting(value: object, *args: Any) -> Any:
        looked_at.append(value)
        return convert(value, *args)

    monkeypatch.setattr(msgspec, "convert", counting)

    with pytest.raises(Invalid) as error:
        decoded(body)

    assert len(error.value.faults) == MAX_FAULTS
    assert len(looked_at) <= 200


@pytest.mark.parametrize("name", ["/" * 500, "~" * 500, "a" + "/" * 500, "x" * 298 + "/y", "x" * 297 + "~y"])
def test_a_pointer_that_is_cut_is_one_still(name: str) -> None:
    with pytest.raises(Invalid) as error:
        decoded(msgspec.json.encode({name: 1}))

    pointer = error.value.pointer or ""
    assert len(pointer) <= 300
    assert re.fullmatch(r"/(?:[^~/]|~[01])*", pointer)


def test_of_a_long_list_the_one_item_that_does_not_fit_is_found() -> None:
    with pytest.raises(Invalid) as error:
        decoded(b'{"~later": [' + b"1," * 5_000 + b'"x"]}')

    assert error.value.pointer == "/~0later/5000"


def test_of_a_long_list_the_item_is_told_what_it_may_be() -> None:
    body = msgspec.json.encode({"name": "x", "scopes": [*["todos:read"] * 150, "todos"]})

    with pytest.raises(Invalid, match="Must be one of: todos:read, ") as error:
        decoded(body, NewApiToken)

    assert error.value.pointer == "/scopes/150"


def test_what_fits_is_decoded_strictly() -> None:
    assert decoded(b'{"items": [{"kind": "b"}], "to/day": 3}') == Order(items=[Item(kind="b")], first=3)


def with_headers(body: bytes, kind: type[JsonBody] = JsonBody, **headers: str) -> Any:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return kind.parse(cast("Any", {"headers": lines}), body, Credentials if kind is FormBody else Order)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate, identity", "x"])
def test_a_body_that_is_compressed_is_refused_with_what_is_taken(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="compressed") as error:
        with_headers(b"{}", content_type="application/json", content_encoding=coding)

    assert error.value.headers == {"accept-encoding": "identity"}


@pytest.mark.parametrize("coding", ["identity", " Identity ", ""])
def test_a_body_that_says_it_is_not_compressed_is_taken(coding: str) -> None:
    assert with_headers(b"{}", content_type="application/json", content_encoding=coding) == Order()


@pytest.mark.parametrize("charset", ["latin-1", "UTF-16", '"iso-8859-1"', "utf-8x"])
@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded"])
def test_another_encoding_than_utf_8_is_named(media_type: str, charset: str) -> None:
    kind = JsonBody if media_type == "application/json" else FormBody

    with pytest.raises(UnsupportedMediaType, match=f"not {charset.strip(chr(34))}"):
        with_headers(b"{}", kind, content_type=f"{media_type}; charset={charset}")


@pytest.mark.parametrize(
    "parameters", ["; charset=utf-8", ';Charset="UTF-8"', "; charset = utf8", '; x="charset=latin-1"', ";"]
)
def test_utf_8_and_other_parameters_are_fine(parameters: str) -> None:
    assert with_headers(b"{}", content_type=f"application/json{parameters}") == Order()


def test_a_byte_order_mark_is_skipped() -> None:
    assert with_headers(b'\xef\xbb\xbf{"to/day": 3}', content_type="application/json") == Order(first=3)


def test_a_form_is_decoded() -> None:
    login = decoded(b"username=ada%40example.com&password=a+b%26%3D%C3%BC&scope=", Credentials, kind=FormBody)

    assert login == Credentials(username="ada@example.com", password="a b&=\u00fc")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"", ["/username", "/password"]),
        (b"username=ada", ["/password"]),
        (b"username=ada&password=x&kind=b", ["/kind"]),
        (b"username=ada&kind=b", ["/password", "/kind"]),
        (b'{"username": "ada"}', ["/username", "/password"]),
    ],
)
def test_each_field_of_a_form_that_does_not_fit_is_pointed_to(body: bytes, pointers: list[str]) -> None:
    with pytest.raises(Invalid) as error:
        decoded(body, Credentials, kind=FormBody)

    assert [fault.pointer for fault in error.value.faults] == pointers


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"username=ada&username=grace&password=x", '"username" stands twice'),
        (b"username=%FF&password=x", "UTF-8"),
        (b"\xff", "UTF-8"),
        (b"&".join([b"a=1"] * 21), "more than 20 fields"),
        (b"&" * 20, "more than 20 fields"),
    ],
)
def test_what_is_no_form_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedBody, match=reason):
        decoded(body, Credentials, kind=FormBody)


@given(st.binary())
def test_no_form_is_anything_worse_than_malformed_or_invalid(body: bytes) -> None:
    with pytest.raises((MalformedBody, Invalid)):
        decoded(body, Credentials, kind=FormBody)


def received(body: bytes, content_type: str | None, *, kind: type[JsonBody]) -> Any:
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    return kind.parse(cast("Any", {"headers": headers}), body, Credentials if kind is FormBody else Order)


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        (JsonBody, "application/json"),
        (JsonBody, "Application/JSON; charset=utf-8"),
        (MergePatchBody, "application/merge-patch+json"),
        (MergePatchBody, "application/json"),
    ],
)
def test_a_body_of_the_right_media_type_is_decoded(kind: type[JsonBody], content_type: str) -> None:
    assert received(b"{}", content_type, kind=kind) == Order()


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        (JsonBody, None),
        (JsonBody, ""),
        (JsonBody, "text/plain"),
        (JsonBody, "application/merge-patch+json"),
        (JsonBody, "application/x-www-form-urlencoded"),
        (JsonBody, "application/jsonp"),
        (MergePatchBody, "application/json-patch+json"),
        (FormBody, "application/json"),
        (FormBody, "multipart/form-data; boundary=x"),
    ],
)
def test_another_media_type_is_not_guessed_at(kind: type[JsonBody], content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType) as error:
        received(b"{}", content_type, kind=kind)

    assert kind.media_types[0] in error.value.detail
