"""Request bodies, decoded strictly.

Litestar decodes leniently: it takes ``"3"`` for a number, lets unknown fields pass and reads a body of any type as
JSON. These say no to all of that, and point to the value that is wrong.
"""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec
from litestar.dto import AbstractDTO
from litestar.types import HTTPScope

from domain.errors import Invalid
from entrypoints.http.headers import FORM, header
from entrypoints.http.messages import malformed
from entrypoints.http.problems import MalformedBody, UnsupportedMediaType
from entrypoints.http.validation import validated

_ESCAPED = len("\\ud83d\\ude00")
"""Bytes that one character takes in JSON at the most: beyond the first plane, and written as two escapes, which is what
Python's own encoder does."""

_AROUND = 2 * 1024
"""Bytes for the names of fields, dates, punctuation and some white space."""

_CHARSET = re.compile(r"(?:^|;)\s*charset\s*=\s*\"?(?P<name>[^\s;\"]+)", re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
_MAX_NAME_LENGTH = 40

_MAX_FORM_FIELDS = 20
"""Fields of a form, known or not."""

_LOOKS_LIKE_NAME = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:')

_decode_anything = msgspec.json.Decoder(float_hook=float).decode
"""What is too large for a number becomes infinite, and thereby no integer of any size."""

_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises of what is no JSON."""


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
            content = msgspec.json.decode(body, type=wanted)
        except msgspec.ValidationError:
            content = validated(_any_json(body), wanted)
        except _MALFORMED as error:
            raise _malformed(body, error) from None
        _refuse_repeated_names(body)
        return content


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
        if body.count(b"&") >= _MAX_FORM_FIELDS:
            raise MalformedBody(detail=f"The form has more than {_MAX_FORM_FIELDS} fields.")
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
        except ValueError:
            raise MalformedBody(detail="The body is not a form of UTF-8 text.") from None
        known = [(name, value) for name, value in fields if name in wanted.__struct_encode_fields__]
        for name, count in Counter(name for name, _ in known).items():
            if count > 1:
                raise MalformedBody(detail=f'The field "{name}" stands twice in the form.')
        try:
            return msgspec.convert(dict(known), wanted)
        except msgspec.ValidationError:
            return validated(dict(known), wanted)


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


def _any_json(body: bytes) -> Any:
    """Return what a body holds, whatever it is."""
    try:
        return _decode_anything(body)
    except msgspec.ValidationError:  # an integer of thousands of digits, which no type can hold
        raise Invalid("A number in the body has too many digits.", pointer="") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply.", pointer="") from None
    except _MALFORMED as error:
        raise _malformed(body, error) from None


def _malformed(body: bytes, error: Exception) -> MalformedBody:
    return MalformedBody(detail=f"The body is not valid JSON: {malformed(body, error)}.")


def _refuse_repeated_names(body: bytes) -> None:
    """Refuse JSON in which an object has a name twice: whoever looked at it on its way may have taken the other value.

    Names are counted by how they look. Where one of them is there twice, in another object perhaps or in a text, or may
    be written with an escape, the body is read once more.
    """
    names = _LOOKS_LIKE_NAME.findall(body)
    if len(names) != len(set(names)) or b"\\" in body:
        json.loads(body, object_pairs_hook=_with_distinct_names)


def _with_distinct_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise MalformedBody(detail=f'The name "{twice[:_MAX_NAME_LENGTH]}" stands twice in an object of the body.')
    return content
