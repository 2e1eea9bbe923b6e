"""One bar with a price that the bars round it and the rest of the bar know nothing of: a bad tick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from engine.bars.findings.finding import Look, Remark, count, geometric, price
from engine.bars.findings.prices.commotion import traded
from engine.bars.findings.prices.excursions import excursions
from engine.bars.movement import Movement
from engine.bars.series import PRICE_COLUMNS

# in usual session movements.  A wick of 3 is 5 standard deviations of a random walk; a session of threefold volatility, the most that
# comes without a sign in its own body or its neighbours, would need 1.7 of its own.  5 leaves room for calm decades.
_WICK = 5.0
# a close or an open that both neighbours contradict: shocks of Student's t with 3 degrees of freedom reach 3.2 in 5,000 sessions
_ALONE = 4.0
_APART = 2.0  # times what the neighbours differ by: with less, the price may belong to one of them
# smaller in units, but by a factor of 1.2: prices typed wrongly are wrong by a factor, markets move in their own units
_FACTOR = float(np.log(1.2))
_WICK_BY_FACTOR, _ALONE_BY_FACTOR = 2.5, 3.0
# by a factor of 1.14 in a market of wild sessions: the open after it lies apart by as many usual nights, and no night is so
_NIGHTLY, _NIGHTLY_UNITS, _NIGHTS = float(np.log(1.14)), 2.0, 8.0
_WHOLE_UNITS = 1.5  # a bar displaced as a whole has two such nights
# a close that both opens round it contradict, whatever the closes round it are: a column at another scale for a stretch
_BETWEEN_OPENS, _BETWEEN_UNITS = float(np.log(1.3)), 3.0
_HALF_YEAR = 126  # sessions on each side
_BUSY = 3.0  # times the usual volume: perhaps somebody did pay the price
_OUTLYING_AT_EDGE = 8.0  # first and last bar: only one neighbour can contradict
_CLOSELY = 4  # sessions, and bad cells, from which they are one finding
_PART = 0.5  # of the excess: cells displaced by less belong to the sound part of the bar


def spikes(seen: Movement) -> np.ndarray:
    """(n,) bool: bars with a bad tick."""
    bad = np.logical_or.reduce([mask for _, mask in seen.once(_masks).values()])
    for start, stop, _ in seen.once(excursions):
        bad[start:stop] = True
    return bad


def _masks(seen: Movement) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By shape: (log excess with its sign, mask of bars beyond the threshold)."""
    o, h, l, c = seen.open, seen.high, seen.low, seen.close  # noqa: E741
    before, after, usual, unit = seen.before, seen.after, seen.usual, seen.unit
    # what else moved in the session: a violent day shows in its body, a bad tick does not
    body = np.maximum(np.maximum(np.abs(c - o), np.abs(o - before)), np.abs(c - before))
    top, bottom = np.maximum(o, c), np.minimum(o, c)
    # an end has two neighbours on one side: a bad one of the two does not make a sound end look bad
    first = c[min(2, len(c) - 1)] - c[0], c[max(len(c) - 3, 0)] - c[-1]
    there, back = c - before, c - after
    there[0], back[-1] = -first[0], -first[1]
    between = np.abs(there - back)
    gap, turn = o - before, o - c
    edge = np.zeros(len(seen), dtype=bool)
    edge[[0, -1]] = True
    close = _alone(_less_of(there, back), between, np.maximum(unit, np.append(unit[1:], unit[-1:])), edge)
    return {
        "close": _by_nights(seen, *close),
        "open": _open_by_nights(
            seen, *_alone(_less_of(gap, turn), np.abs(c - before), usual, np.zeros_like(edge))
        ),
        "high": _wick(h - top, np.maximum(usual, body)),
        "low": _wick(l - bottom, np.maximum(usual, body)),
    }


def _by_nights(seen: Movement, beyond: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Closes, too, that the next open contradicts: a bad cell is undone in a night, a market's own session is not."""
    o, c, usual = seen.open, seen.close, seen.usual
    undone = np.append(c[:-1] - o[1:], 0.0)
    own = _less_of(c - o, undone)
    alone = _less_of(beyond, own)
    whole = _less_of(_less_of(seen.gap, undone), beyond)
    shapes = (
        (alone, (np.abs(alone) > _NIGHTLY) & (np.abs(alone) > _NIGHTLY_UNITS * usual)),
        (whole, (np.abs(whole) > _NIGHTLY) & (np.abs(whole) > _WHOLE_UNITS * usual)),
        (own, (np.abs(own) > _BETWEEN_OPENS) & (np.abs(own) > _BETWEEN_UNITS * usual)),
    )
    beyond, mask = beyond.copy(), mask.copy()
    for size, candidates in shapes:
        candidates[[0, -1]] = False  # no night on one side
        for i in np.flatnonzero(candidates & ~mask).tolist():
            night = _NIGHTS * seen.night(i)
            if size is own and not _close_is_the_stranger(seen, i):
                continue
            if abs(undone[i]) > night and (size is not whole or abs(seen.gap[i]) > night):
                mask[i], beyond[i] = True, size[i]
    return beyond, mask


def _close_is_the_stranger(seen: Movement, i: int) -> bool:
    """Between a close and the opens round it, the closes of half a year decide."""
    level = float(np.median(seen.close[max(0, i - _HALF_YEAR) : i + _HALF_YEAR]))
    return bool(abs(seen.close[i] - level) > abs(seen.open[i] - level))


def _open_by_nights(seen: Movement, beyond: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size, apart = np.abs(beyond), _APART * np.abs(seen.close - seen.before)
    mask = mask.copy()
    for i in np.flatnonzero(
        ~mask & (size > _NIGHTLY) & (size > _NIGHTLY_UNITS * seen.usual) & (size > apart)
    ).tolist():
        mask[i] = abs(seen.gap[i]) > _NIGHTS * seen.night(i)
    return beyond, mask


def _alone(
    beyond: np.ndarray, between: np.ndarray, usual: np.ndarray, edge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Prices displaced by ``beyond`` from both neighbours, which differ by ``between``."""
    size = np.abs(beyond)
    least = np.where(edge, _OUTLYING_AT_EDGE, _ALONE) * usual
    outlying = (size > least) | ((size > _FACTOR) & (size > _ALONE_BY_FACTOR * usual))
    return beyond, outlying & (size > _APART * between)


def _wick(beyond: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Highs and lows that reach ``beyond`` the rest of their bar."""
    size = np.abs(beyond)
    return beyond, (size > _WICK * unit) | ((size > _FACTOR) & (size > _WICK_BY_FACTOR * unit))


def _less_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smaller of two displacements in one direction; 0 where they point apart."""
    return np.where(np.sign(a) == np.sign(b), np.sign(a) * np.minimum(np.abs(a), np.abs(b)), 0.0)


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 5:
        return
    masks = seen.once(_masks)
    single = np.logical_or.reduce([mask for _, mask in masks.values()])
    for start, stop, beyond in seen.once(excursions):
        single[start:stop] = False
        yield _stretch(seen, start, stop, beyond)
    found = []
    for i in np.flatnonzero(single).tolist():
        shapes = [name for name, (_, mask) in masks.items() if mask[i]]
        wicks = [name for name in shapes if name in ("high", "low")]
        if shapes[0] in ("close", "open"):
            found.append(_displaced(seen, i, shapes[0], float(masks[shapes[0]][0][i])))
            wicks = [name for name in wicks if (masks[name][0][i] > 0) != (masks[shapes[0]][0][i] > 0)]
        for name in wicks:
            body = (seen.open[i], seen.close[i])
            found.append(_remark(seen, i, [name], float(np.exp(max(body) if name == "high" else min(body)))))
    yield from _together(seen, found)


def _together(seen: Movement, found: list[Remark]) -> Iterator[Remark]:
    """Bad cells of one column in sessions that follow one another closely are one finding."""
    groups: list[list[Remark]] = []
    for name in PRICE_COLUMNS:
        last: list[Remark] = []
        for one in (one for one in found if one.column == name):
            if last and _start(one) - _start(last[-1]) <= _CLOSELY:
                last.append(one)
            else:
                last = [one]
                groups.append(last)
    for group in sorted(groups, key=lambda group: _start(group[0])):
        if len(group) < _CLOSELY:
            yield from group
            continue
        first, stop = group[0], _start(group[-1]) + 1
        yield replace(
            first,
            text=f"{seen.bars.dates[_start(first)]} to {seen.bars.dates[stop - 1]}: {first.column} stands alone in "
            f"{count(len(group), 'session')}: first {price(first.value or 0.0)}, which should be near {price(first.near or 0.0)}; in the "
            f"middle of them {_times(group)} times what it should be.",
            stop=stop,
        )


def _start(one: Remark) -> int:
    assert one.start is not None
    return one.start


def _times(group: list[Remark]) -> str:
    ratios = [one.value / one.near for one in group if one.value and one.near]
    return f"{float(np.median(ratios)):.3g}"


def _displaced(seen: Movement, i: int, shape: str, excess: float) -> Remark:
    """A close or an open that stands alone takes a high or a low with it: name every cell that is displaced."""
    near = (
        geometric(seen.before[i], seen.after[i])
        if shape == "close"
        else geometric(seen.before[i], seen.close[i])
    )
    cells = {name: float(getattr(seen, name)[i]) for name in ("open", "high", "low", "close")}
    away = [
        name
        for name, value in cells.items()
        if (value - np.log(near)) * np.sign(excess) > _PART * abs(excess)
    ]
    found = _remark(seen, i, [shape, *(name for name in away if name != shape)], near)
    volume = traded(seen, i) if abs(excess) < np.log(2.0) else None
    if volume is None or volume < _BUSY:
        return found
    return replace(
        found,
        severity="warning",
        text=f"{found.text} Volume was {volume:.2g} times the usual: it may have been paid.",
    )


def _stretch(seen: Movement, start: int, stop: int, beyond: float) -> Remark:
    """Closes of several sessions, and the columns that went with them."""
    near = geometric(seen.close[start - 1], seen.close[stop])
    here = slice(start, stop)
    away = [
        name
        for name in ("open", "high", "low")
        if np.median(getattr(seen, name)[here] - np.log(near)) * np.sign(beyond) > _PART * abs(beyond)
    ]
    with_it = f" (and {', '.join(away)})" if away else ""
    dates, value = seen.bars.dates, float(seen.bars.close[start])
    return Remark(
        f"{dates[start]} to {dates[stop - 1]}: close {price(value)}{with_it} stands alone for {count(stop - start, 'session')}, "
        f"{price(float(np.exp(beyond)))} times the closes before and after; it should be near {price(near)}.",
        start,
        stop,
        column="close",
        value=value,
        near=near,
    )


def _remark(seen: Movement, i: int, columns: list[str], near: float) -> Remark:
    value = float(getattr(seen.bars, columns[0])[i])
    with_it = f" (and {', '.join(columns[1:])})" if columns[1:] else ""
    # one bar cannot tell a bad tick from the first of a new level
    last = ""
    if i == len(seen) - 1:
        split = len(columns) == 4 and abs(float(np.log(value / near))) > _FACTOR
        last = " No later bar can confirm it" + ("; a split on that day looks the same." if split else ".")
    return Remark(
        f"{seen.bars.dates[i]}: {columns[0]} {price(value)}{with_it} stands alone; it should be near {price(near)}, "
        f"where a session usually moves by {100 * np.expm1(min(seen.usual[i], 5.0)):.2g}%.{last}",
        i,
        i + 1,
        column=columns[0],
        value=value,
        near=near,
    )


LOOK = Look(
    code="bars.spike",
    severity="failure",
    looks_at="each price beside the rest of its bar and the closes before and after",
    means="One bad cell makes a record high or low, widens the ATR for months and decides outcomes.",
    remedy="correct the cell at its source or under `corrections`, or accept the finding if the price was traded",
    look=_look,
)
