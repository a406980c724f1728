"""Where a workflow's repository is."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "url", ["https://me:s3cret@host/x.git", "https://:s3cret@host/x", "ssh://me:s3cret@host/x", "https://ghp_0123456789abcdefghij@host/x"]
)
def test_a_password_in_the_url(author: Any, url: str) -> None:
    told = author.only("workspace-secret", ("git: orders_repo", f"¦git: '{url}'"))
    assert "s3cret" not in str(told)
    assert "ghp_" not in str(told)
    assert "connection" in told.remedy


@pytest.mark.parametrize(
    "git",
    [
        "'https://host/x.git'",
        "'https://me@host/x.git'",
        "'ssh://git@host:22/x'",
        "'git@host:x.git'",
        "./a@b",
        "{conn: orders_repo}",
        "{env: URL}",
    ],
)
def test_urls_without_one(author: Any, git: str) -> None:
    author.sound(("git: orders_repo", f"git: {git}"))


@pytest.mark.parametrize("depth", ["-1", "all", "1.5"])
def test_depths_that_are_none(author: Any, depth: str) -> None:
    assert author.told(("branch: main", f"branch: main, depth: {depth}"))


@pytest.mark.parametrize("depth", [0, 1, 50])
def test_depths(author: Any, depth: int) -> None:
    assert author.sound(("branch: main", f"branch: main, depth: {depth}")).workflow.workspace.depth == depth
