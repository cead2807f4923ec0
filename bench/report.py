"""Figures, their medians and ratios, and how they are shown."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import asdict

from bench.names import BARE, IN_WORDS, OURS


class Figures(Struct, frozen=True):
    """What one measurement found.

    The last three say how busy the worker, the load generator, and all cores besides the worker's were, in percent
    of one core: unless the worker is near 100, something else set the pace.
    """

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_request: float
    rss_mib: float
    worker_percent: float
    load_percent: float
    others_percent: float


class Comparison(Struct, frozen=True):
    """All contenders at one operation.

    ``to_ours`` and ``to_bare`` say how many times the CPU of this service and of the bare handler each one takes.
    """

    operation: str
    medians: dict[str, Figures]
    to_ours: dict[str, float]
    to_bare: dict[str, float]
    repeats: dict[str, list[Figures]]

    @classmethod
    def of(cls, operation: str, repeats: dict[str, list[Figures]]) -> "Comparison":
        """Compare the repeats of each contender, which were taken in turns."""
        medians = {name: _median(figures) for name, figures in repeats.items()}
        return cls(operation, medians, _cpu_ratios(repeats, OURS), _cpu_ratios(repeats, BARE), repeats)


def _cpu_ratios(repeats: dict[str, list[Figures]], other: str) -> dict[str, float]:
    """Return how many times the CPU of the ``other`` each takes; nothing if that one was not measured.

    Ratios are taken of measurements side by side, and the median of those: whatever the machine did meanwhile is in
    both, and a ratio of medians would mix quiet minutes with busy ones.
    """
    beside = repeats.get(other, [])
    return {
        name: median(
            one.cpu_us_per_request / another.cpu_us_per_request for one, another in zip(figures, beside, strict=True)
        )
        for name, figures in repeats.items()
        if beside and name != other
    }


def _median(repeats: list[Figures]) -> Figures:
    return Figures(*(median(values) for values in zip(*(asdict(each).values() for each in repeats), strict=True)))


_COLUMNS = {
    "requests_per_second": ("req/s", ",.0f"),
    "p50_ms": ("p50 ms", ".2f"),
    "p99_ms": ("p99 ms", ".2f"),
    "cpu_us_per_request": ("CPU µs/req", ",.0f"),
    "rss_mib": ("RSS MiB", ".0f"),
    "worker_percent": ("worker %", ".0f"),
    "load_percent": ("load %", ".0f"),
    "others_percent": ("others %", ".0f"),
}


def medians_table(comparisons: Sequence[Comparison]) -> str:
    """Return the medians as text."""
    lines = [_line("operation", "contender", [title for title, _ in _COLUMNS.values()])]
    for comparison in comparisons:
        for name, figures in comparison.medians.items():
            values = asdict(figures)
            cells = [format(values[column], style) for column, (_, style) in _COLUMNS.items()]
            lines.append(_line(comparison.operation, name, cells))
    return "\n".join(lines)


def _line(operation: str, name: str, cells: list[str]) -> str:
    return f"{operation:10}  {name:9}" + "".join(f"{cell:>12}" for cell in cells)


def cpu_table(comparisons: Sequence[Comparison]) -> str:
    """Return the CPU a request of each, and its ratios, as Markdown: the table of the README."""
    rows = [["CPU µs a request", *(comparison.operation for comparison in comparisons)]]
    for name in comparisons[0].medians:
        cpu = [f"{comparison.medians[name].cpu_us_per_request:,.0f}" for comparison in comparisons]
        rows.append([IN_WORDS[name], *cpu])
    for name in comparisons[0].to_ours:
        if name != BARE:
            ratios = [f"{comparison.to_ours[name]:.1f} ×" for comparison in comparisons]  # noqa: RUF001 - times
            rows.append([f"{IN_WORDS[name]}, to this service", *ratios])
    if comparisons[0].to_bare:
        ratios = [f"{comparison.to_bare[OURS]:.1f} ×" for comparison in comparisons]  # noqa: RUF001 - times
        rows.append([f"this service, to the {IN_WORDS[BARE]}", *ratios])
    head, *others = (f"| {' | '.join(cells)} |" for cells in rows)
    return "\n".join([head, f"|---|{'--:|' * len(comparisons)}", *others])
