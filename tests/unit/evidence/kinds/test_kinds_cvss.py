from __future__ import annotations

import pytest

from dag_factory.evidence.kinds.cvss import base_score, severity_of

# vectors and scores as the National Vulnerability Database publishes them
KNOWN = [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
    ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N", 6.1),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N", 5.4),
    ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
    ("CVSS:3.1/AV:N/AC:H/PR:H/UI:N/S:U/C:H/I:N/A:N", 4.4),
    ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8),
    ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0),
]


@pytest.mark.parametrize(("vector", "score"), KNOWN)
def test_scores_are_those_of_the_standard(vector, score):
    assert base_score(vector) == score
    assert base_score(f"{vector}/E:P/RL:O") == score, "what comes after the base does not change it"


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "7.5",
        "CVSS:2.0/AV:N",
        "CVSS:4.0/AV:N/AC:L",
        KNOWN[0][0][:-4],
        f"{KNOWN[0][0]}/AV:N",
        KNOWN[0][0].replace("AV:N", "AV:X"),
        "CVSS:3.1" * 99,
    ],
)
def test_what_is_no_vector_of_version_3_has_none(vector):
    assert base_score(vector) is None


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (0.0, "none"),
        (0.1, "low"),
        (3.9, "low"),
        (4.0, "medium"),
        (6.9, "medium"),
        (7.0, "high"),
        (8.9, "high"),
        (9.0, "critical"),
        (10, "critical"),
    ],
)
def test_words_are_those_of_the_standard(score, word):
    assert severity_of(score) == word
