"""The schemas of the OpenAPI document: every type that goes over the wire, as what decodes and encodes it has it.

What a code generator makes of a schema depends on how it is said. All ways that are chosen here mean the same to JSON
Schema (2020-12) as what msgspec says, or more precisely what is enforced.
"""

from inspect import cleandoc
from typing import Any

import msgspec

Schema = dict[str, Any]

_LONG = frozenset({"id", "version", "limit", "used", "total", "count"})
"""Names of fields that are numbers of 64 bits, wherever they stand: generators take 32 for enough."""

_TOGETHER = {"AccountPatch": {"email": ["password"], "password": ["email"]}}
"""Fields that need another one beside them, by the names of the schemas; a Struct has no way to say so."""


def schemas_of(*, bodies: list[Any], answers: list[Any]) -> dict[str, Schema]:
    """Describe the types of requests and of answers, by their names."""
    answered, taken = _components(answers), _components(bodies)
    for schema in answered.values():
        _promise_what_is_filled_in(schema)
    for name, schema in taken.items():
        for field in _fields(schema).values():
            field.pop("default", None)  # of which some generators conclude that the field is always there
        if name in _TOGETHER:
            schema["dependentRequired"] = _TOGETHER[name]
    schemas = answered | taken
    for schema in schemas.values():
        for name, field in _fields(schema).items():
            if name in _LONG and field.get("type") == "integer":
                field["format"] = "int64"
    return schemas


def as_form(schema: Schema, *, title: str) -> Schema:
    """Return the schema of a form, which may have fields that are not known (RFC 6749, section 3.2)."""
    return {name: value for name, value in schema.items() if name != "additionalProperties"} | {"title": title}


def _components(types: list[Any]) -> dict[str, Schema]:
    schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")[1]
    for schema in schemas.values():
        schema["description"] = cleandoc(schema["description"])
        _name_type_of_words(schema)
        for name, field in _fields(schema).items():
            _name_type_of_words(field)
            schema["properties"][name] = _with_null_as_a_type(field)
    return schemas


def _fields(schema: Schema) -> dict[str, Schema]:
    return schema.get("properties", {})


def _promise_what_is_filled_in(schema: Schema) -> None:
    """Let an answer have every field with a default: whoever reads it will find the field there."""
    filled = {name for name, field in _fields(schema).items() if "default" in field}
    for name in filled:
        del schema["properties"][name]["default"]
    if filled:
        schema["required"] = [name for name in schema["properties"] if name in {*filled, *schema["required"]}]


def _with_null_as_a_type(field: Schema) -> Schema:
    """Say of a value that may be null that it has two types; an alternative would hide what is said of the value."""
    match field:
        case {"anyOf": [{"type": str(kind), **said}, {"type": "null"}], **others}:
            return others | said | {"type": [kind, "null"]}
        case _:
            return field


def _name_type_of_words(schema: Schema) -> None:
    """Say of some words that they are strings, which generators do not conclude."""
    if "enum" in schema:
        schema.setdefault("type", "string")
