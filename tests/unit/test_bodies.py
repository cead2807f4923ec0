"""Request bodies: what fits is decoded, what does not is pointed to."""

from typing import Annotated, Any, Literal, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from domain.errors import Invalid
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
        (b"{}", NewTodo, "/title", "Object missing required field `title`."),
        (b'{"title": "x", "due": {}}', NewTodo, "/due/date", "Object missing required field `date`."),
        (b'{"title": "x", "owner_id": 7}', NewTodo, "/owner_id", "Object contains unknown field `owner_id`."),
        (b'{"title": null}', TodoPatch, "/title", "Expected `str`, got `null`."),
        (b'{"priority": 6}', TodoPatch, "/priority", "Expected `int` <= 5."),
        (b'{"priority": "3"}', TodoPatch, "/priority", "Expected `int | null`, got `str`."),
        (b'{"done": 1}', TodoPatch, "/done", "Expected `bool`, got `int`."),
        (b'{"tags": ["home", ""]}', TodoPatch, "/tags/1", "Expected `str` of length >= 1."),
        (b'{"due": {"date": "2026-02-30"}}', TodoPatch, "/due/date", "Invalid RFC3339 encoded date."),
        (b'{"due": {"time": "24:00"}}', TodoPatch, "/due/time", None),
    ],
)
def test_the_reason_is_said_without_the_place(body: bytes, wanted: Any, pointer: str, detail: str | None) -> None:
    with pytest.raises(Invalid) as error:
        decoded(body, wanted)

    assert error.value.pointer == pointer
    assert detail in {None, error.value.detail}


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50), st.none()))
def test_an_unknown_field_of_whatever_name_is_pointed_to(fields: dict[str, None]) -> None:
    unknown = {name: None for name in fields if name not in {"items", "to/day", "~later"} and "` - at `$" not in name}
    if not unknown:
        return

    with pytest.raises(Invalid) as error:
        decoded(msgspec.json.encode(unknown))

    assert error.value.pointer is not None
    assert error.value.pointer[1:].replace("~1", "/").replace("~0", "~") == next(iter(unknown))


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


@pytest.mark.parametrize("parameters", ["; charset=utf-8", ';Charset="UTF-8"', "; charset = utf8", "; x=y", ";"])
def test_utf_8_and_other_parameters_are_fine(parameters: str) -> None:
    assert with_headers(b"{}", content_type=f"application/json{parameters}") == Order()


def test_a_byte_order_mark_is_skipped() -> None:
    assert with_headers(b'\xef\xbb\xbf{"to/day": 3}', content_type="application/json") == Order(first=3)


def test_a_form_is_decoded() -> None:
    login = decoded(b"username=ada%40example.com&password=a+b%26%3D%C3%BC&scope=", Credentials, kind=FormBody)

    assert login == Credentials(username="ada@example.com", password="a b&=\u00fc")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", "/username"),
        (b"username=ada", "/password"),
        (b"username=ada&password=x&kind=b", "/kind"),
        (b'{"username": "ada"}', "/username"),
    ],
)
def test_a_field_of_a_form_that_does_not_fit_is_pointed_to(body: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        decoded(body, Credentials, kind=FormBody)

    assert error.value.pointer == pointer


@pytest.mark.parametrize(
    "body",
    [b"username=ada&username=grace&password=x", b"username=%FF&password=x", b"\xff", b"&".join([b"a=1"] * 21)],
)
def test_what_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
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
