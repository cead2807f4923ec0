"""What SQLAlchemy makes of a statement once, for drivers that take values by their places."""

from typing import Any


class CompiledStatement:
    """SQL, and the names of the values that go there; ``compiled`` is what SQLAlchemy has made."""

    __slots__ = ("_names", "_presets", "sql")

    def __init__(self, compiled: Any) -> None:
        self.sql: str = compiled.string
        self._names: list[str] = compiled.positiontup or []
        self._presets: dict[str, object] = {name: value for name, value in compiled.params.items() if value is not None}

    def arguments(self, values: dict[str, object]) -> list[object]:
        """Return the values in the order of their parameters."""
        presets = self._presets
        return [values[name] if name in values else presets[name] for name in self._names]
