"""Says in a sentence why a model could not go on: what it answered, what that means, and what to do.

Imports pydantic-ai, so it is imported only in the process of a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from pydantic_ai import exceptions as errors

from dag_factory.runners import llm_order
from dag_factory.runners.llm_order import Order
from dag_factory.runners.masking import Mask

__all__ = ["told"]

BUDGET, FAILED, BROKEN = "budget-exceeded", "agent-failed", "agent-broken"
_MOST = 500
_AGAIN = "A retry (`retries:`) goes on with the conversation."


def told(error: BaseException, order: Order) -> tuple[str, str]:
    """Say what went wrong.

    Returns
    -------
    The rule that was broken, and what happened.

    """
    who = f"The model of the connection {order.connection}"
    if isinstance(error, errors.UsageLimitExceeded):
        return _spent(error, order)
    if isinstance(error, errors.UsageLimitUnavailableWarning):
        says = "does not say how many tokens it takes, or nothing that can be read, so a budget of tokens cannot be kept"
        return BUDGET, f"{who} {says}. Limit requests or time instead."
    if isinstance(error, BaseExceptionGroup):
        return FAILED, f"{who}, and each that stands in for it, failed: " + " ".join(told(one, order)[1] for one in _each(error))
    if isinstance(error, errors.ModelAPIError):
        return FAILED, f"{who} {_api(error, order)}"
    if isinstance(error, errors.UnexpectedModelBehavior):
        return BROKEN, f"{who} answered what cannot be used: {_short(error, order)} {_AGAIN}"
    return FAILED, f"{who} cannot be asked: {type(error).__name__}: {_short(error, order)}"


def _api(error: errors.ModelAPIError, order: Order) -> str:
    """What a model that was asked did."""
    if isinstance(error, errors.ModelTimeoutError | errors.ModelRequestTimeout):
        return f"did not answer within {order.patience:g} s. {_AGAIN}"
    if isinstance(error, errors.ModelHTTPError):
        code = error.status_code
        phrase = HTTPStatus(code).phrase.lower() if code in set(HTTPStatus) else "unknown to HTTP"
        wait = f" It asks for {error.retry_after:g} s of patience." if error.retry_after else ""
        refused = isinstance(error, errors.ModelAuthenticationError)
        remedy = "Check the connection's key." if refused else _AGAIN
        return f"answered {code} ({phrase}): {_short(error.body or error, order)}.{wait} {remedy}"
    if isinstance(error, errors.ModelConnectionError):
        return f"could not be reached, or broke off in the middle of its answer: {_short(error, order)} {_AGAIN}"
    return f"failed: {_short(error, order)} {_AGAIN}"


def _spent(error: errors.UsageLimitExceeded, order: Order) -> tuple[str, str]:
    if order.requests is None and "request_limit" in str(error):
        return (
            FAILED,
            f"It asked the model {llm_order.MOST_REQUESTS} times and came to no end. Write `budget: {{requests: N}}` to allow more.",
        )
    limit = f"{order.requests} requests" if "request_limit" in str(error) else f"{order.tokens} tokens"
    return BUDGET, f"It was ended: the {limit} that were left for it are spent."


def _each(error: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for one in error.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _each(one)
        else:
            yield one


def _short(said: object, order: Order) -> str:
    """What was said, in a line; masked before it is cut short, for then it might end with half a secret."""
    text = " ".join(Mask(order.secrets).text(str(said)).split())
    return text if len(text) <= _MOST else f"{text[:_MOST]} ..."
