"""A plain loop over days: one account, any number of instruments, written from docs/trading.md alone.

Orders, positions and money are dictionaries; nothing is worked out ahead of its day.
"""

from __future__ import annotations


def twin_account(plans, *, horizon, floor_break, tie, cash, leverage, caps, one, turn):
    """(equity by date, list of trades) of one account; ``caps`` = (instrument, family) or None each."""
    days = sorted({day for p in plans for day in p.setup.bars.dates[p.setup.start :].tolist()})
    index = [{day: i for i, day in enumerate(p.setup.bars.dates.tolist())} for p in plans]
    last_close = [None] * len(plans)
    start_cash, positions, orders, done, equity = cash, [], [], [], []
    spent = False
    for day in days:
        today = {i: index[i][day] for i, p in enumerate(plans) if day in index[i]}
        today = {i: j for i, j in today.items() if j >= plans[i].setup.start}
        for p in positions:
            if p["i"] in today:
                cash += hold_overnight(p, plans[p["i"]].costs, today[p["i"]], last_close[p["i"]])
        for o in [o for o in orders if o["i"] in today]:
            orders.remove(o)
            bars, j = plans[o["i"]].setup.bars, today[o["i"]]
            price = entry_price(o, bars, j, horizon, floor_break)
            if price is None:
                continue
            costs = plans[o["i"]].costs
            fill = price * (1 + costs.slippage) if o["side"] > 0 else price * (1 - costs.slippage)
            units = o["money"] / (fill * (1 + costs.fee))
            cash -= o["side"] * units * fill + units * fill * costs.fee
            o |= {"units": units, "entry": j, "in": price, "fill": fill, "fees": units * fill * costs.fee}
            o |= {"carry": 0.0, "leaving": None, "at_close": not bars.opens_traded[j]}
            positions.append(o)
        for p in list(positions):
            if p["i"] not in today:
                continue
            setup = plans[p["i"]].setup
            found = leave(p, setup, today[p["i"]], horizon, floor_break, tie, turn)
            if found is not None:
                cash += close_out(p, plans[p["i"]].costs, today[p["i"]], *found)
                positions.remove(p)
                done.append(p)
        for i, j in today.items():
            last_close[i] = plans[i].setup.bars.close[j]
        worth = cash + sum(p["side"] * p["units"] * last_close[p["i"]] for p in positions)
        if not spent and worth <= start_cash / 1e6:
            spent = True
            orders.clear()
            for p in positions:
                where = max(j for d, j in index[p["i"]].items() if d <= day)
                cash += close_out(p, plans[p["i"]].costs, where, last_close[p["i"]], "spent")
                done.append(p)
            positions.clear()
            worth = cash
        equity.append(worth)
        if spent:
            continue
        wanted = {}
        for i, p in enumerate(plans):
            if i not in today or today[i] == len(p.setup.bars) - 1 or not p.signals[today[i]]:
                continue
            if one and any(x["i"] == i for x in positions + orders):
                continue
            wanted[i] = p.weight[int(p.signals[today[i]])][today[i]] * worth
        for i, money in ration(wanted, positions, orders, last_close, plans, worth, leverage, caps).items():
            if money > worth / 1e6:
                j, setup = today[i], plans[i].setup
                order = {"i": i, "side": int(plans[i].signals[j]), "money": money, "signal": j}
                orders.append(order | {"goal": setup.target[j], "ground": setup.floor[j]})
    return equity, sorted(done, key=lambda p: (plans[p["i"]].setup.bars.dates[p["signal"]], p["i"]))


def hold_overnight(p, costs, j, close_before):
    rate = costs.funding if p["side"] > 0 else costs.borrow
    paid = p["units"] * (p["side"] * costs.dividends[j] - rate * close_before)
    p["carry"] += paid
    return paid


def close_out(p, costs, j, price, reason):
    got = price * (1 - costs.slippage) if p["side"] > 0 else price * (1 + costs.slippage)
    fee = p["units"] * got * costs.fee
    p |= {"exit": j, "out": price, "reason": reason, "fees": p["fees"] + fee}
    p["pnl"] = p["side"] * p["units"] * (got - p["fill"]) - p["fees"] + p["carry"]
    return p["side"] * p["units"] * got - fee


def entry_price(o, bars, j, horizon, floor_break):
    """The price of the fill, or None where the entry is cancelled."""
    short, goal, ground = o["side"] < 0, o["goal"], o["ground"]
    if bars.opens_traded[j]:
        price = bars.open[j]
        gone = price >= goal or (price <= ground and (short or floor_break == "touch"))
    else:
        price = bars.close[j]
        broken = bars.low[j] <= ground if floor_break == "touch" else price < ground
        gone = bars.high[j] >= goal or broken or (short and price <= ground)
        gone = gone or j == min(o["signal"] + horizon, len(bars) - 1)
    return None if gone else price


def leave(p, setup, j, horizon, floor_break, tie, turn):
    """(price, reason) where the position is closed in this session, else None."""
    bars, short, goal, ground = setup.bars, p["side"] < 0, p["goal"], p["ground"]
    last = min(p["signal"] + horizon, len(bars) - 1)
    real, touch = bars.opens_traded[j], floor_break == "touch"
    if p["leaving"]:
        return (bars.open[j] if real else bars.close[j]), p["leaving"]
    if not (p["at_close"] and j == p["entry"]):
        stop_first = tie == "breakdown"
        reached, fell = bars.high[j] >= goal, touch and bars.low[j] <= ground
        if real and bars.open[j] >= goal:
            return bars.open[j], "target"
        if real and touch and bars.open[j] <= ground:
            return bars.open[j], "floor"
        if reached and fell:
            is_floor = stop_first != short
            reached, fell = not is_floor, is_floor
        if reached:
            return (bars.high[j] if short and bars.low[j] > goal else goal), "target"
        if fell:
            return (bars.low[j] if not short and bars.high[j] < ground else ground), "floor"
    if j == last:
        return bars.close[j], "horizon" if last == p["signal"] + horizon else "end"
    watched = not (p["at_close"] and j == p["entry"])
    against = (
        setup.p_continuation[j] > setup.p_breakdown[j]
        if short
        else setup.p_continuation[j] < setup.p_breakdown[j]
    )
    if watched and not touch and bars.close[j] < ground:
        p["leaving"] = "floor"
    elif turn and against:
        p["leaving"] = "turn"
    return None


def ration(wanted, positions, orders, last_close, plans, worth, leverage, caps):
    """What of the money wanted by instrument the limits leave."""
    used = dict.fromkeys(range(len(plans)), 0.0)
    for p in positions:
        used[p["i"]] += p["units"] * last_close[p["i"]]
    for o in orders:
        used[o["i"]] += o["money"]
    got = dict(wanted)
    if caps[0] is not None:
        got = {i: max(min(m, caps[0] * worth - used[i]), 0.0) for i, m in got.items()}
    groups = [(None, leverage)]
    if caps[1] is not None:
        groups = [(f, caps[1]) for f in {p.setup.bars.family for p in plans}] + groups
    for family, cap in groups:
        inside = [i for i, p in enumerate(plans) if family is None or p.setup.bars.family == family]
        room = max(cap * worth - sum(used[i] for i in inside), 0.0)
        total = sum(got.get(i, 0.0) for i in inside)
        if total > room:
            got = {i: m * room / total if i in inside else m for i, m in got.items()}
    return got
