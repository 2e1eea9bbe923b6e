"""Whole replies or none: against a server on loopback that breaks in the ways servers break."""

from __future__ import annotations

import gzip

import pytest

from engine.bars.fetch.http import Policy, get
from engine.errors import DataError
from tests.bars.fetch.vendor import ok, vendor

QUICK = Policy(attempts=3, backoff=0.01, timeout=2.0, longest_wait=1)
SHORT = (200, {"Content-Length": "100"}, b"date,x\n2020-01-0")


@pytest.mark.parametrize(
    "broken", [(503, {}, b""), (429, {"Retry-After": "0"}, b""), SHORT], ids=["503", "429", "cut short"]
)
def test_what_may_pass_is_asked_for_again(broken):
    with vendor(broken, broken, ok("whole")) as (url, asked):
        assert get(url, QUICK) == b"whole"
        assert len(asked) == 3


@pytest.mark.parametrize(
    ("reply", "code", "times"),
    [
        (SHORT, "fetch.partial", 3),
        (
            (200, {"Transfer-Encoding": "chunked", "Content-Length": ""}, b"5\r\nabcde\r\n9\r\nab"),
            "fetch.partial",
            3,
        ),
        ((503, {}, b""), "fetch.no_answer", 3),
        ((404, {}, b"no such series"), "fetch.refused", 1),
    ],
    ids=["short", "broken chunk", "busy", "unknown"],
)
def test_what_stays_broken_is_one_error(reply, code, times):
    with vendor(reply) as (url, asked):
        with pytest.raises(DataError) as caught:
            get(url, QUICK)
        assert (caught.value.code, len(asked)) == (code, times)
        assert caught.value.hint


def test_compressed_replies_and_no_server_at_all():
    packed = gzip.compress(b"whole")
    with vendor((200, {"Content-Encoding": "gzip"}, packed)) as (url, _):
        assert get(url, QUICK) == b"whole"
    with pytest.raises(DataError) as caught:
        get(url, QUICK)  # nobody listens any more
    assert caught.value.code == "fetch.no_answer"
