"""The level book in plain Python, written from its documentation: lists, no scratch, no ranks, no filter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from engine.rules.indicators import ALL_TIME_HIGH, ATR, compute_indicators
from engine.rules.kinds import KINDS, find_candidates, level_params

CAPACITY = 96


@dataclass
class Level:
    id: int
    kind: int
    kinds: set
    low: float
    high: float
    formed: int
    since: int
    origin: int
    confirmed: int
    touches: int
    role: int
    rejections: int = 0
    breaks: int = 0
    reversals: int = 0
    reaction: float = 0.0
    column: int = -1
    broken: bool = False
    visited: bool = False
    last_event: int = 0
    touched_at: int = 0
    crossed_at: int = -1
    birth: tuple = field(default=())

    def strength(self, bar):
        k = len(self.kinds)
        terms = (
            KINDS[self.kind].weight
            + self.touches / (self.touches + 3)
            + self.reaction / (self.reaction + 4)
            + (k - 1) / k
        )
        integrity = (2 / (2 + self.breaks) if self.column < 0 else 1) * (0.5 if self.broken else 1)
        return 0.25 * terms * integrity * 252 / (252 + bar - self.last_event)


class Twin:
    """Levels, events and the book after each bar."""

    def __init__(self, bars, rules, capacity=CAPACITY):
        self.bars, self.rules, self.capacity = bars, rules, capacity
        self.indicators = compute_indicators(bars)
        self.alive: list[Level] = []
        self.table: list[Level] = []
        self.events: list[tuple] = []  # (bar, level, event, value)
        self.books: list[dict] = []
        waiting = find_candidates(bars, self.indicators, 0, len(bars), level_params(rules))
        by_bar: dict[int, list] = {}
        for c in waiting:
            by_bar.setdefault(int(c["bar"]), []).append(c)
        for i in range(len(bars)):
            atr = self.indicators[i, ATR]
            if atr > 1e-9 * bars.close[i]:
                for level in list(self.alive):
                    self.live(level, i, atr)
            self.births(by_bar.get(i, []), i, atr)
            self.books.append(
                {
                    x.id: (x.touches, x.rejections, x.breaks, x.reversals, x.role, x.broken, x.reaction)
                    for x in self.alive
                }
            )

    def zone(self, level, i):
        if level.column >= 0:
            price = self.indicators[i, level.column]
            return price, price
        return level.low, level.high

    def tell(self, i, level, event, value=0.0):
        self.events.append((i, level.id, event, value))

    def live(self, x, i, atr):
        b, r = self.bars, self.rules
        low, high = self.zone(x, i)
        tolerance, margin = r.touch_tolerance_atr * atr, r.break_margin_atr * atr
        close = b.close[i]
        touching = b.low[i] <= high + tolerance and b.high[i] >= low - tolerance
        off, beyond = (close - high, low - close) if x.role == 1 else (low - close, close - high)
        event = None
        if not x.broken:
            visiting = x.visited and i - x.touched_at <= r.visit_sessions
            if beyond > margin:
                event, value = "break", -x.role * beyond / atr
                x.breaks += 1
                x.broken, x.visited, x.crossed_at = True, False, i
            elif visiting and off >= r.rejection_atr * atr:
                event, value = "rejection", x.role * off / atr
                x.rejections += 1
                x.reaction += off / atr
                x.visited = False
            elif touching and not visiting:
                event, value = "touch", 0.0
                x.touches += 1
                x.visited, x.touched_at = True, i
        else:
            before_low, before_high = self.zone(x, i - 1)
            away = b.low[i - 1] > before_high + tolerance or b.high[i - 1] < before_low - tolerance
            if off > margin:
                event, value = "reclaim", x.role * off / atr
                x.broken, x.crossed_at = False, i
            elif touching and away and beyond > 0:
                event, value = "role_reversal", -x.role * beyond / atr
                x.role = -x.role
                x.broken, x.visited, x.touched_at = False, True, i
                x.reversals += 1
                x.touches += 1
        if event:
            x.last_event = i
            self.tell(i, x, event, value)
        if x.column >= 0:
            return
        record = high >= self.indicators[i, ALL_TIME_HIGH]
        too_broken = x.breaks >= r.max_breaks or (x.broken and i - x.crossed_at >= r.broken_level_sessions)
        if too_broken:
            self.retire(x, i, "retired_broken")
        elif i - x.last_event >= r.max_level_age_sessions and not record:
            self.retire(x, i, "retired_age")

    def retire(self, x, i, event, value=0.0):
        self.alive.remove(x)
        self.tell(i, x, event, value)

    def births(self, candidates, i, atr):
        close = self.bars.close[i]
        reach, tallest = self.rules.merge_distance_atr * atr, self.rules.max_zone_atr * atr

        def side(low, high):
            return 1 if close >= 0.5 * (low + high) else -1

        def rank(kind, formed):
            return KINDS[kind].weight * (252 / (252 + i - formed)), formed

        def together(x, low, high):
            return max(x.high, high) - min(x.low, low)

        def gap(x, low, high):
            return max(low - x.high, x.low - high, 0.0)

        def one_area(x, low, high):
            return min(x.high, high) - max(x.low, low) >= 0.5 * min(x.high - x.low, high - low)

        def joins(x, low, high):
            near = gap(x, low, high) <= reach and together(x, low, high) <= tallest
            return one_area(x, low, high) or (near and side(low, high) == mine)

        def stretch(x, low, high):
            x.low = min(x.low, max(low, x.high - tallest))
            x.high = max(x.high, min(high, x.low + tallest))

        left = list(candidates)
        while left:
            c = left.pop(0)
            new = Level(
                id=len(self.table),
                kind=int(c["kind"]),
                kinds={int(c["kind"])},
                low=float(c["low"]),
                high=float(c["high"]),
                formed=int(c["formed"]),
                since=int(c["since"]),
                origin=int(c["formed"]),
                confirmed=i,
                touches=int(c["touches"]),
                role=0,
                column=int(c["column"]),
                last_event=i,
            )
            if new.column >= 0:
                new.role = 1 if close >= self.indicators[i, new.column] else -1
                new.touched_at = new.formed
                self.bear(new, i, atr)
                continue
            mine = side(new.low, new.high)
            for other in list(left):
                low, high = float(other["low"]), float(other["high"])
                if other["column"] >= 0 or not joins(new, low, high):
                    continue
                left = [x for x in left if x is not other]
                stretch(new, low, high)
                new.kinds.add(int(other["kind"]))
                new.origin = min(new.origin, int(other["formed"]))
                new.touches = max(new.touches, int(other["touches"]))
                if rank(int(other["kind"]), int(other["formed"])) > rank(new.kind, new.formed):
                    new.kind = int(other["kind"])
                    new.formed, new.since = int(other["formed"]), int(other["since"])
            zones = [x for x in self.alive if x.column < 0]
            # of several that could take the event, the one that begins highest, the younger of equals
            for x in sorted(zones, key=lambda x: (x.low, x.id), reverse=True):
                inside = x.low <= new.low and new.high <= x.high and new.kinds <= x.kinds
                crowded = one_area(new, x.low, x.high) and together(new, x.low, x.high) > tallest
                if inside or (crowded and rank(x.kind, x.formed) > rank(new.kind, new.formed)):
                    x.last_event = i
                    self.tell(i, x, "reinforced", float(new.kind))
                    break
            else:
                off = close - new.high if mine == 1 else new.low - close
                new.reaction = max(off, 0.0) / atr
                new.role = mine
                while True:
                    options = [x for x in zones if joins(new, x.low, x.high)]
                    if not options:
                        break
                    parent = min(options, key=lambda x: (gap(new, x.low, x.high), x.id))
                    zones.remove(parent)
                    stretch(new, parent.low, parent.high)
                    new.kinds |= parent.kinds
                    new.origin = min(new.origin, parent.origin)
                    for name in ("touches", "rejections", "reversals", "reaction"):
                        setattr(new, name, max(getattr(new, name), getattr(parent, name)))
                    if rank(parent.kind, parent.formed) > rank(new.kind, new.formed):
                        new.kind, new.formed, new.since = parent.kind, parent.formed, parent.since
                    self.retire(parent, i, "retired_merged", float(new.id))
                new.touched_at = new.formed
                self.bear(new, i, atr)

    def bear(self, new, i, atr):
        if len(self.alive) == self.capacity:
            close = self.bars.close[i]

            def score(x):
                distance = max(x.low - close, close - x.high, 0.0) / atr
                return x.strength(i) / (1 + distance / 4)

            self.retire(min((x for x in self.alive if x.column < 0), key=score), i, "retired_evicted")
        new.birth = (
            new.kind,
            frozenset(new.kinds),
            new.low,
            new.high,
            new.formed,
            new.since,
            new.origin,
            new.confirmed,
            new.touches,
            new.rejections,
            new.reversals,
            new.reaction,
            new.role,
        )
        self.alive.append(new)
        self.table.append(new)


def same(a, b):
    """Two tuples of numbers, NaN equal to NaN, floats within rounding."""
    return len(a) == len(b) and all(
        x == y
        or (
            isinstance(x, float)
            and isinstance(y, float)
            and (math.isclose(x, y, rel_tol=1e-12) or (math.isnan(x) and math.isnan(y)))
        )
        for x, y in zip(a, b, strict=True)
    )
