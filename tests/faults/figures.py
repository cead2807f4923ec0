"""What the loads of a run met, as a table in Markdown."""

from tests.faults.load import Load

HEADINGS = (
    "| test | answered | writes acknowledged | failed | from the first to the last failure | slowest answer |",
    "|---|--:|--:|---|--:|--:|",
)


def row_of(test: str, load: Load) -> str:
    """Return the row of a test."""
    failed = ", ".join(f"{number:,} x {kind}" for kind, number in load.failures.items()) or "none"
    cells = (
        f"{load.served:,}",
        f"{load.ledger.acknowledged:,}",
        failed,
        f"{load.outage:.1f} s",
        f"{load.slowest:.1f} s",
    )
    return f"| {test.removeprefix('test_').replace('_', ' ')} | {' | '.join(cells)} |"
