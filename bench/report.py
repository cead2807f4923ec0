"""Figures, their medians, and how they are shown."""

from statistics import median

from msgspec import Struct
from msgspec.structs import asdict

from bench.servers import OURS, THEIRS


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
    """Both services at one operation; each ratio says how many times better this service is."""

    operation: str
    medians: dict[str, Figures]
    ratios: dict[str, float]
    repeats: dict[str, list[Figures]]

    @classmethod
    def of(cls, operation: str, repeats: dict[str, list[Figures]]) -> "Comparison":
        """Compare the medians of the repeats."""
        medians = {service: _median(figures) for service, figures in repeats.items()}
        ours, theirs = asdict(medians[OURS]), asdict(medians[THEIRS])
        less_is_better = ("p50_ms", "p99_ms", "cpu_us_per_request", "rss_mib")
        ratios = {"requests_per_second": ours["requests_per_second"] / theirs["requests_per_second"]}
        ratios |= {name: theirs[name] / ours[name] for name in less_is_better}
        return cls(operation, medians, ratios, repeats)

    @property
    def times(self) -> float:
        """How many times the requests per second this service answers."""
        return self.ratios["requests_per_second"]


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


def table(comparisons: list[Comparison]) -> str:
    """Return the medians and the ratios as text."""
    lines = [_line("operation", "service", [title for title, _ in _COLUMNS.values()])]
    for comparison in comparisons:
        for service, figures in comparison.medians.items():
            values = asdict(figures)
            cells = [format(values[name], style) for name, (_, style) in _COLUMNS.items()]
            lines.append(_line(comparison.operation, service, cells))
        lines.append(_line("", "ratio", [f"{ratio:.1f} x" for ratio in comparison.ratios.values()]))
    return "\n".join(lines)


def verdict(comparison: Comparison, *, at_least: float) -> str:
    """Return in a sentence whether this service is as much faster as it should be."""
    found = "at least" if comparison.times >= at_least else "NOT"
    return f"{comparison.operation}: {comparison.times:.2f} times the requests per second, {found} {at_least:g} times."


def _line(operation: str, service: str, cells: list[str]) -> str:
    return f"{operation:10}  {service:8}" + "".join(f"{cell:>12}" for cell in cells)


def _median(repeats: list[Figures]) -> Figures:
    return Figures(*(median(values) for values in zip(*(asdict(each).values() for each in repeats), strict=True)))
