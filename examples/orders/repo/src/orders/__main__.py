"""``python -m orders``: one command line, to which every feature adds its commands."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

import orders


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error of the product goes to stderr by its name, with exit code 2."""
    parser = argparse.ArgumentParser(prog="orders", description=orders.__doc__.splitlines()[0])
    commands = parser.add_subparsers(metavar="command", required=True)
    for feature in sorted(found.name for found in pkgutil.iter_modules(orders.__path__) if found.ispkg):
        importlib.import_module(f"orders.{feature}.commands").add(commands)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except orders.OrdersError as error:
        print(f"orders: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
