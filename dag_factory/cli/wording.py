"""Numbers of things, how a finding ended and what a waiver is worth, in words: the same for every command."""

from __future__ import annotations

from dag_factory.evidence.account import RunAccount, WaiverAccount
from dag_factory.evidence.story import FindingStory

__all__ = ["counted", "ended", "unseen", "waiver_word"]


def counted(number: int, word: str) -> str:
    """A number of things, as they are said: `1 spec`, `2 specs`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def ended(story: FindingStory) -> str:
    """What became of a finding, in plain words without markup."""
    if story.now == "open":
        return f"open since cycle {story.since}" if story.since else "open"
    if story.now == "waived":
        return f"waived by {story.waived_by} until {story.until} ({story.waiver or 'its waiver is gone'})"
    who = ", ".join(f"{order.owner} ({order.commit[:12] if order.commit else 'no commit'})" for order in story.by)
    if not who:
        return f"mended, found no more in cycle {story.cycle}" if story.cycle else "mended when the work was done again"
    return f"mended in cycle {story.cycle} by {who}"


def waiver_word(waiver: WaiverAccount) -> str:
    """What a waiver is worth now."""
    return {"counts": "counts", "ran out": "ran out", "not asked yet": "is counted by no gate yet", "does not count": "does not count"}[
        waiver.state
    ]


def unseen(account: RunAccount) -> str:
    """What the store cannot tell of a run that waits; empty where `complete` has answered, or where all that is waited for comes from outside."""
    if account.over or all(waited.task for waited in account.waits):
        return ""
    return "Airflow tells whether it is at it. What somebody marked there by hand left no statement: clear it, with what comes after it."
