"""``python -m customers``: reads orders.csv and returns.csv of one folder, and writes segments.csv into another."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from customers import CustomersError


def main(source: str = "data", out: str = "out") -> int:
    """Make the segments; an error of the product goes to stderr by its name, with exit code 2."""
    from customers.history import histories  # the features come after this file
    from customers.segments import cut
    from customers.value import estimate

    try:
        known, rejected = histories(rows(Path(source, "orders.csv")), rows(Path(source, "returns.csv")))
        segments = cut({customer: estimate(history)[1] for customer, history in known.items()})
    except CustomersError as error:
        print(f"customers: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    Path(out).mkdir(parents=True, exist_ok=True)
    with Path(out, "segments.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["segment", "customers", "value_cents"])
        writer.writerows((segment.name, len(segment.customers), segment.value) for segment in segments)
    print(f"{len(known)} customers in {len(segments)} segments, {len(rejected)} rows rejected")
    return 0


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
