"""What is wrong with a value, field by field.

msgspec decodes straight into the wanted type, and stops at the first value that does not fit. Only then, this looks at
the whole: at every field, so that a client can mend all of them at once. It also takes numbers such as ``2.0`` for the
integers that they are to JSON Schema, which does not tell the two apart.
"""

import re
from functools import cache
from itertools import islice
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct, UnsetType, inspect, structs

from domain.errors import MAX_FAULTS, Invalid
from entrypoints.http.messages import in_words

_MAX_ITEMS = 100
"""Items of a list that are looked at one by one, whether or not they fit."""

_MAX_POINTER_LENGTH = 300
"""Characters. A client's own words come back in it; nobody needs to read half a megabyte of them."""

_STEP = re.compile(r"\[(?P<index>[0-9]+|\.\.\.)\]")
"""How msgspec names an item of an array, or some value of a dictionary."""

_MAX_EXACT = 2**53
"""Beyond it a number with a fraction is not exact, and so is no integer."""


def validated(content: Any, wanted: Any) -> Any:
    """Return JSON that was decoded into no type in particular as a value of the ``wanted`` one.

    :raises Invalid: with every value that does not fit, up to ``MAX_FAULTS``.
    """
    validation = _Validation()
    content = validation.read(content, _shape_of(wanted), pointer="")
    if validation.faults:
        raise Invalid.together(validation.faults)
    return msgspec.convert(content, wanted)


class _Field(NamedTuple):
    """A field of an object, by its name in JSON."""

    name: str
    is_required: bool
    shape: "_Shape"


class _Shape(NamedTuple):
    """What a value may be: an object of these fields, an array of such items, an integer, or something else."""

    annotation: Any
    kind: inspect.Type
    fields: tuple[_Field, ...] | None
    is_open: bool
    """Whether an object may have other fields."""
    items: "_Shape | None"
    is_integer: bool


@cache
def _shape_of(annotation: Any) -> _Shape:
    fields: tuple[_Field, ...] | None = None
    items: _Shape | None = None
    is_open = is_integer = False
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, Struct):
            fields = tuple(map(_field, structs.fields(kind)))
            is_open = not kind.__struct_config__.forbid_unknown_fields
        elif get_origin(kind) is list:
            items = _shape_of(get_args(kind)[0])
        elif kind is int:
            is_integer = True
    return _Shape(annotation, inspect.type_info(annotation), fields, is_open, items, is_integer)


def _field(field: structs.FieldInfo) -> _Field:
    is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
    return _Field(field.encode_name, is_required, _shape_of(_present(field.type)))


def _present(annotation: Any) -> Any:
    """Return the type of a field that is there."""
    kinds = get_args(annotation) if _is_union(annotation) else (annotation,)
    return Union[tuple(kind for kind in kinds if kind is not UnsetType)]  # noqa: UP007 - made of a list


def _alternatives(annotation: Any) -> list[Any]:
    """Return the types of a union, each without what is said about it."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if _is_union(annotation):
        return [kind for each in get_args(annotation) for kind in _alternatives(each)]
    return [annotation]


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, UnionType}


class _Validation:
    """One value that is looked at."""

    def __init__(self) -> None:
        self.faults: list[Invalid] = []

    def read(self, value: Any, shape: _Shape, *, pointer: str) -> Any:
        """Return the value with integers for what is whole, and note what does not fit."""
        if len(self.faults) >= MAX_FAULTS:
            return value
        if shape.fields is not None and isinstance(value, dict):
            return self._object(cast("dict[str, Any]", value), shape, shape.fields, pointer)
        if shape.items is not None and isinstance(value, list):
            return self._array(cast("list[Any]", value), shape, shape.items, pointer)
        if shape.is_integer and isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_EXACT:
            value = int(value)
        self._check(value, shape, pointer)
        return value

    def _object(self, value: dict[str, Any], shape: _Shape, fields: tuple[_Field, ...], pointer: str) -> dict[str, Any]:
        read = dict(value)
        for field in fields:
            place = f"{pointer}/{escaped(field.name)}"
            if field.name in value:
                read[field.name] = self.read(value[field.name], field.shape, pointer=place)
            elif field.is_required:
                self._note(f"Object missing required field `{field.name}`", shape, value, place)
        known = {field.name for field in fields}
        unknown = () if shape.is_open else (name for name in value if name not in known)
        for name in islice(unknown, MAX_FAULTS):
            self._note(f"Object contains unknown field `{name}`", shape, value, f"{pointer}/{escaped(name)}")
        return read

    def _array(self, value: list[Any], shape: _Shape, item: _Shape, pointer: str) -> list[Any]:
        before = len(self.faults)
        read = [self.read(each, item, pointer=f"{pointer}/{index}") for index, each in enumerate(value[:_MAX_ITEMS])]
        read += value[_MAX_ITEMS:]
        if len(self.faults) == before:
            self._check(read, shape, pointer)  # how many there are, and those that were not looked at
        return read

    def _check(self, value: Any, shape: _Shape, pointer: str) -> None:
        try:
            msgspec.convert(value, shape.annotation)
        except msgspec.ValidationError as error:
            said, _, place = str(error).partition(" - at `$")
            indices = [step["index"] for step in _STEP.finditer(place)]
            pointer += "".join(f"/{index.replace('...', '-')}" for index in indices)
            if indices and shape.items is not None:  # an item that was not looked at by itself
                shape, value = shape.items, value[int(indices[0])]
            self._note(said, shape, value, pointer)

    def _note(self, said: str, shape: _Shape, value: Any, pointer: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            # No step ends with half of an escape.
            short = pointer[:_MAX_POINTER_LENGTH].removesuffix("~")
            self.faults.append(Invalid(in_words(said, shape.kind, value), pointer=short))


def escaped(name: str) -> str:
    """Return a name as a step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")
