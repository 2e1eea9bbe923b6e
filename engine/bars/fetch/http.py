"""One GET through urllib3: retried with growing pauses, and refused unless the whole of it came."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import DataError

_AGAIN = (
    429,
    500,
    502,
    503,
    504,
)  # busy or broken for the moment; everything else will be the same the next time


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a reply is waited for, and how often it is asked for again.

    Attributes
    ----------
    attempts : requests in all.
    backoff : seconds before the second attempt; doubled before each further one.
    timeout : seconds without a byte after which an attempt has failed.
    longest_wait : the most seconds that a server's own Retry-After is obeyed for.
    """

    attempts: int = 4
    backoff: float = 0.5
    timeout: float = 30.0
    longest_wait: int = 60


POLICY = Policy()


def get(url: str, policy: Policy | None = None) -> bytes:
    """The body of a reply with status 200, decompressed.

    A connection that breaks, a status that may pass, and a body shorter than announced are each asked for again.

    Raises
    ------
    DataError
        ``fetch.client_missing`` (no urllib3), ``fetch.partial`` (the body never came whole), ``fetch.no_answer`` (no usable
        reply in all attempts) or ``fetch.refused`` (another status).
    """
    policy = policy or POLICY
    try:
        import urllib3
    except ImportError:
        raise DataError(
            "fetch.client_missing",
            f"{url}: downloads need the package urllib3, which is not installed",
            "pip install 'scenario-engine[data]'",
        ) from None
    retries = urllib3.Retry(
        total=policy.attempts - 1,
        status_forcelist=_AGAIN,
        backoff_factor=policy.backoff,
        allowed_methods={"GET"},
        retry_after_max=policy.longest_wait,
    )
    try:
        with urllib3.PoolManager(retries=retries, timeout=policy.timeout) as pool:
            # the whole body is read inside the attempt, so that a short one counts as a failed attempt
            reply = pool.request(
                "GET", url, headers={"Accept-Encoding": "gzip", "User-Agent": "scenario-engine"}
            )
    except urllib3.exceptions.MaxRetryError as error:
        reason = error.reason
        if isinstance(reason, urllib3.exceptions.ProtocolError | urllib3.exceptions.DecodeError) and (
            "IncompleteRead" in str(reason) or "InvalidChunk" in str(reason) or "decode" in str(reason)
        ):
            raise DataError(
                "fetch.partial",
                f"{url}: the reply broke off in each of {policy.attempts} attempts ({reason})",
                "try again later; the cache is as it was",
            ) from None
        raise _no_answer(url, policy, str(reason or error)) from None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise _no_answer(url, policy, str(error)) from None
    if reply.status != 200:
        raise DataError(
            "fetch.refused",
            f"{url}: the server answered {reply.status} {reply.reason or ''}".rstrip(),
            "check the name of the series or ticker",
        )
    return bytes(reply.data)


def _no_answer(url: str, policy: Policy, reason: str) -> DataError:
    return DataError(
        "fetch.no_answer",
        f"{url}: no usable reply in {policy.attempts} attempts ({reason})",
        "check the network and the address; the cache is as it was",
    )
