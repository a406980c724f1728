"""Public keys for which anybody can sign: who pins one, or brings one, has proven nothing, and can deny everything.

An ed25519 key is a point of a curve. The few points of small order (RFC 8032, section 5.1: the cofactor is 8) fit signatures that were made without any
private key. Libraries and `openssl` take them for keys like any other.
"""

from __future__ import annotations

__all__ = ["is_feeble"]

_FEEBLE = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",  # two of them in another spelling
        "ee" + "ff" * 30 + "7f",
    )
)


def is_feeble(point: bytes) -> bool:
    """Whether anybody can sign for an ed25519 key.

    Parameters
    ----------
    point: its 32 bytes, as in RFC 8032; the highest bit of the last tells two points apart that are feeble together.

    """
    return point[:31] + bytes([point[31] & 0x7F]) in _FEEBLE
