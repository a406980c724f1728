"""Asks a program of ours to read hostile bytes in a process of its own, bounded in memory and time: one that breaks has read nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["SECONDS", "asked"]

SECONDS = 20
"""How long a program may take by the clock on the wall; each bounds its own processor time more narrowly."""

_FOLDER = Path(__file__).parent


def asked(program: str, data: bytes) -> Mapping[str, Any]:
    """Run a program of this folder over bytes.

    Parameters
    ----------
    program: its file's name; it reads stdin and answers with one JSON object on stdout.

    Returns
    -------
    Its answer; `error` where it was killed by its bounds, or says nothing.

    """
    import subprocess

    # -P: this folder has a json of its own
    try:
        child = subprocess.run(
            [sys.executable, "-P", str(_FOLDER / program)], input=data, capture_output=True, timeout=SECONDS, check=False
        )
        answer = json.loads(child.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"it took longer than {SECONDS} s"}
    except (ValueError, RecursionError):
        return {"error": f"the decoder ended with {child.returncode}"}
    except OSError as error:
        return {"error": f"no process could be started for it: {error.strerror}"}
    return answer if isinstance(answer, dict) else {"error": "the decoder said nothing"}
