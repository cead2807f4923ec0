"""Request bodies, decoded strictly.

Litestar decodes leniently: it takes ``"3"`` for a number, lets unknown fields pass and reads a body of any type as
JSON. These say no to all of that, and point to the value that is wrong.
"""

import re
from codecs import BOM_UTF8
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec
from litestar.dto import AbstractDTO
from litestar.types import HTTPScope

from domain.errors import Invalid
from entrypoints.http.headers import FORM, header
from entrypoints.http.problems import MalformedBody, UnsupportedMediaType

_MAX_DETAIL_LENGTH = 300

_ESCAPED = len("\\ud83d\\ude00")
"""Bytes that one character takes in JSON at the most: beyond the first plane, and written as two escapes, which is what
Python's own encoder does."""

_AROUND = 2 * 1024
"""Bytes for the names of fields, dates, punctuation and some white space."""

_CHARSET = re.compile(r"charset\s*=\s*\"?(?P<name>[^\s;\"]+)", re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
_MAX_NAME_LENGTH = 40

_PLACE = re.compile(r" - at `\$(?P<place>[^`]*)`$")
_STEP = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<index>[0-9]+)\]|\[\.\.\.\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(?P<field>.*)`", re.DOTALL)


def max_json_size(characters: int) -> int:
    """Return how many bytes a JSON body with so many characters of text needs at the most, however it is written."""
    return characters * _ESCAPED + _AROUND


class JsonBody(AbstractDTO[Any]):
    """Decodes JSON (RFC 8259) straight into the type of the controller's ``data``."""

    media_types: ClassVar[tuple[str, ...]] = ("application/json",)

    @classmethod
    def create_for_field_definition(cls, field_definition: Any, handler_id: str, backend_cls: Any = None) -> None:
        """Make nothing: the route knows the type that it wants."""

    @classmethod
    def create_openapi_schema(cls, field_definition: Any, handler_id: str, schema_creator: Any) -> Any:  # noqa: ARG003 - the framework names them
        """Describe the type as it is."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:
        """Nothing is generated: the types are used as they are."""
        raise NotImplementedError

    @classmethod
    def detect_nested_field(cls, field_definition: Any) -> bool:
        """See ``generate_field_definitions``."""
        raise NotImplementedError

    def decode_bytes(self, value: bytes) -> Any:
        """Nothing is decoded by the framework: see ``dispatch``."""
        raise NotImplementedError

    @classmethod
    def parse(cls, scope: HTTPScope, body: bytes, wanted: Any) -> Any:
        """Return the body of a request as a value of the ``wanted`` type.

        :raises UnsupportedMediaType: if it does not claim to be what is understood here.
        :raises MalformedBody: if it is not what it claims to be.
        :raises Invalid: if it is, and a value in it does not fit.
        """
        content_type = header(scope, b"content-type") or ""
        if content_type not in cls.media_types:
            media_type, _, parameters = content_type.partition(";")
            if media_type.strip().lower() not in cls.media_types:
                raise UnsupportedMediaType(detail=f"The body must be {' or '.join(cls.media_types)}.")
            _require_utf_8(parameters)
        coding = header(scope, b"content-encoding")
        if coding is not None and coding.strip().lower() not in {"", "identity"}:
            raise UnsupportedMediaType(
                detail="The body must not be compressed or encoded.", headers={"accept-encoding": "identity"}
            )
        return cls.decode(body.removeprefix(BOM_UTF8), wanted)  # which RFC 8259, section 8.1, lets be ignored

    @classmethod
    def decode(cls, body: bytes, wanted: Any) -> Any:
        """Return the body as a value of the ``wanted`` type."""
        try:
            return msgspec.json.decode(body, type=wanted)
        except msgspec.ValidationError as error:
            raise _invalid(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedBody(detail=f"The body is not valid JSON: {_first_line(error)}.") from None


class MergePatchBody(JsonBody):
    """Decodes a JSON merge patch (RFC 7396), which may also call itself JSON."""

    media_types = ("application/merge-patch+json", "application/json")


class FormBody(JsonBody):
    """Decodes the fields of a form, all of them text; those that are not known are left out (RFC 6749, section 3.2).

    Litestar's own form parser keeps the last thousand bodies in a cache; those of a sign-in hold passwords.
    """

    media_types = (FORM,)

    @classmethod
    def decode(cls, body: bytes, wanted: Any) -> Any:
        """See ``JsonBody``."""
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
        except ValueError:
            raise MalformedBody(detail="The body is not a form of UTF-8 text.") from None
        known = [(name, value) for name, value in fields if name in wanted.__struct_encode_fields__]
        if len(dict(known)) != len(known):
            raise MalformedBody(detail="A field of the form stands twice.")
        try:
            return msgspec.convert(dict(known), wanted)
        except msgspec.ValidationError as error:
            raise _invalid(str(error)) from None


class JsonOrFormBody(JsonBody):
    """Decodes JSON, or the fields of a form."""

    media_types = (*JsonBody.media_types, *FormBody.media_types)

    @classmethod
    def parse(cls, scope: HTTPScope, body: bytes, wanted: Any) -> Any:
        """See ``JsonBody``."""
        media_type = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        return (FormBody if media_type in FormBody.media_types else super()).parse(scope, body, wanted)


def _require_utf_8(parameters: str) -> None:
    """Refuse a media type that names another encoding; what it names is not known to whoever reads it as UTF-8."""
    charset = _CHARSET.search(parameters)
    if charset is not None and charset["name"].lower() not in _UTF_8:
        raise UnsupportedMediaType(detail=f"The body must be UTF-8, not {charset['name'][:_MAX_NAME_LENGTH]}.")


def _invalid(message: str) -> Invalid:
    """Turn msgspec's message, which ends with a path, into an error with a JSON pointer (RFC 6901)."""
    place = _PLACE.search(message)
    detail = message[: place.start()] if place else message
    pointer = "".join(f"/{_escaped(step)}" for step in _steps(place["place"] if place else ""))
    named = _UNKNOWN_FIELD.search(detail) or _MISSING_FIELD.search(detail)
    if named:
        pointer += f"/{_escaped(named['field'])}"
    # A client's own words come back in it; nobody needs to read half a megabyte of them.
    return Invalid(f"{detail[:_MAX_DETAIL_LENGTH]}.", pointer=pointer[:_MAX_DETAIL_LENGTH])


def _steps(place: str) -> list[str]:
    return [step["field"] or step["index"] or "-" for step in _STEP.finditer(place)]


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
