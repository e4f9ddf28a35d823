"""The sections of figures: machine, network, database, Redis, queue, business."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from core import formats
from core import metrics as registry
from core.charts import sparkline
from core.metrics import Unit
from core.pages.parts import Kind, State, Tile
from monitoring.page.figures import known, unit_of, written
from monitoring.page.rows import Desk, Found, Group, Row, tone_of

_USED = (80.0, 95.0)
OLD_S = (300.0, 900.0)
"""How long a message may wait."""


def machine(desk: Desk) -> Group:
    """CPU, load, memory and swap; of several hosts the worst."""
    rows = [
        desk.row("cpu_pct", _("CPU"), note=_modes(desk), limit=(95, 101)),
        desk.row("load.1m", _("Load, 1 min"), note=_loads(desk)),
        desk.row("memory_pct", _("Memory"), note=_of(desk, "memory.used_bytes", "memory.total_bytes"), limit=(85, 95)),
    ]
    if desk.figure("swap.total_bytes").value:
        note = _of(desk, "swap.used_bytes", "swap.total_bytes")
        rows.append(desk.row("swap.used_pct", _("Swap"), note=note, limit=(50, 90)))
    elif known(desk.figure("swap.total_bytes").values):
        rows.append(desk.row("swap.used_bytes", _("Swap"), note=_("this machine has none")))
    rows += _ways(desk)
    return Group("machine", _("Machine"), rows)


def _ways(desk: Desk) -> list[Row]:
    latency = [
        ("database.latency_ms", _("Way to the database"), (50.0, 500.0)),
        ("redis.latency_ms", _("Way to Redis"), (20.0, 200.0)),
    ]
    return [desk.row(metric, label, limit=limit) for metric, label, limit in latency]


def _modes(desk: Desk) -> str:
    """Where the busy time went, of the one host that is shown."""
    if len(desk.hosts) != 1 and desk.found.host is None:
        return ""
    parts = []
    for mode in ("user", "system", "iowait", "steal"):
        value = desk.figure("cpu.mode_pct", where={"mode": mode}).value
        if value is not None and (value >= 0.05 or mode in ("user", "system")):
            parts.append(f"{mode} {formats.number(value, 0 if value >= 10 else 1)}")
    return ", ".join(parts)


def _loads(desk: Desk) -> str:
    longer = [desk.figure(name).value for name in ("load.5m", "load.15m")]
    said = " · ".join(formats.number(one, 2) for one in longer if one is not None)
    return _("%(longer)s in 5 and 15 min") % {"longer": said} if said else ""


def _of(desk: Desk, used: str, total: str) -> str:
    if len(desk.hosts) > 1 and desk.found.host is None:
        return ""
    part, whole = desk.figure(used).value, desk.figure(total).value
    if part is None or whole is None:
        return ""
    return _("%(part)s of %(whole)s") % {"part": formats.size(part), "whole": formats.size(whole)}


def network(desk: Desk) -> Group:
    """By interface, received and sent; errors and drops when there were any."""
    rows: list[Row] = []
    carry = [key for key in desk.keys("network.bytes_in", "interface") if _carries(desk, *key)]
    # What a machine says to itself is not its network.
    keys = [key for key in carry if key[1] != "lo"][:12]
    for host, interface in keys:
        where = {"interface": interface} | ({"host": host} if host else {})
        bad = {
            name: max(known(desk.figure(metric, where=where).values), default=0.0)
            for name, metric in (
                (_("errors"), "network.errors_in"),
                (_("errors sending"), "network.errors_out"),
                (_("drops"), "network.drops_in"),
                (_("drops sending"), "network.drops_out"),
            )
        }
        trouble = ", ".join(f"{name} ≤ {formats.number(value, 2)}/s" for name, value in bad.items() if value)
        name = desk.named(host, interface)
        rows.append(
            desk.row(
                "network.bytes_in",
                _("%(name)s in") % {"name": name},
                note=trouble or _("no error, no drop"),
                where=where,
            )
        )
        rows.append(desk.row("network.bytes_out", _("%(name)s out") % {"name": name}, where=where))
    return Group("network", _("Network"), rows, sub=_("by interface"))


def _carries(desk: Desk, host: str, interface: str) -> bool:
    """Whether anything went over it in the window: a machine has a dozen interfaces that carry nothing."""
    where = {"interface": interface} | ({"host": host} if host else {})
    return any(any(known(desk.figure(name, where=where).values)) for name in ("network.bytes_in", "network.bytes_out"))


def database(desk: Desk) -> Group:
    """Connections by what they do, cache, size, transactions, what waits."""
    states = sorted(
        (
            (one.labels.get("state", ""), one.value)
            for one in desk.measured.newest.get("database.connections", ())
            if one.value
        ),
        key=lambda pair: -pair[1],
    )
    most = desk.figure("database.connections_max").value
    total = desk.figure("database.connections", "sum")
    note = ", ".join(f"{formats.number(value, 0)} {state}" for state, value in states[:3])
    if most:
        note = _("of %(most)s; %(states)s") % {"most": formats.number(most, 0), "states": note}
    used = desk.figure("database.connections_used_pct").value
    tone = tone_of(used, _USED)
    return Group(
        "database",
        _("Database"),
        [
            desk.row("database.connections", _("Connections"), figure=total, note=note, tone=tone),
            desk.row("database.transactions", _("Transactions"), "sum"),
            desk.row("database.cache_hit_pct", _("Found in memory"), "least", below=(90, 50)),
            desk.row("database.size_bytes", _("Size")),
            desk.row("database.oldest_transaction_s", _("Oldest transaction"), limit=(300, 3600)),
            desk.row("database.waiting_locks", _("Locks waited for"), limit=(1, 20)),
            desk.row("database.deadlocks", _("Deadlocks"), limit=(0.0001, 1)),
        ],
    )


def redis(desk: Desk) -> Group:
    most = desk.figure("redis.memory_max_bytes").value
    note = _("of %(whole)s") % {"whole": formats.size(most)} if most else _("no limit set")
    hits, misses = desk.figure("redis.hits", "sum"), desk.figure("redis.misses", "sum")
    return Group(
        "redis",
        "Redis",
        [
            desk.row("redis.memory_bytes", _("Memory used"), note=note),
            desk.row("redis.clients", _("Clients")),
            desk.row("redis.commands", _("Commands"), "sum"),
            desk.row("redis.hits", _("Look-ups that hit"), write=percent, figure=share(hits, misses)),
            desk.row("redis.evictions", _("Evictions"), "sum", limit=(0.0001, 100)),
        ],
    )


def share(hits: Found, misses: Found) -> Found:
    """hits ÷ (hits + misses) in %, step by step; None where nothing was looked up."""

    def of(a: float | None, b: float | None) -> float | None:
        return 100 * a / (a + b) if a is not None and b is not None and a + b > 0 else None

    values = tuple(of(a, b) for a, b in zip(hits.values, misses.values, strict=True))
    return Found(values, of(hits.value, misses.value), hits.stale_since)


def percent(value: float | None) -> str:
    return written(value, Unit.PERCENT)


def queue(desk: Desk) -> Group:
    """Waiting messages by queue, the oldest of them, and who works."""
    rows: list[Row] = []
    for _host, name in desk.keys("queue.depth", "queue")[:12]:
        age = desk.figure("queue.age_s", where={"queue": name}).value
        note = _("oldest %(age)s") % {"age": formats.duration(age)} if age else _("none waits")
        tone = tone_of(age, OLD_S)
        rows.append(
            desk.row("queue.depth", name, note=note if age is not None else "", tone=tone, where={"queue": name})
        )
    rows.append(desk.row("queue.age_s", _("Oldest message"), limit=OLD_S))
    rows.append(desk.row("queue.workers", _("Live workers"), "sum", below=(-1, 0)))
    return Group("queue", _("Queue"), rows)


_KINDS: dict[Unit, Kind] = {Unit.PERCENT: "percent", Unit.MILLISECONDS: "ms", Unit.MONEY: "money"}


def business(desk: Desk) -> list[Tile]:
    """Business now: of the past only what was kept."""
    tiles = [
        _tile(desk, name, desk.figure(name)) for name in ("business.active_users_5m", "business.operations_per_min")
    ]
    for currency in sorted(
        {line.labels.get("currency", "") for line in desk.measured.lines("business.revenue_per_min")}
    )[:2]:
        found = desk.figure("business.revenue_per_min", where={"currency": currency})
        tiles.append(_tile(desk, "business.revenue_per_min", found, currency))
    if len(tiles) == 2:
        tiles.append(_tile(desk, "business.revenue_per_min", desk.figure("business.revenue_per_min")))
    tiles.append(_tile(desk, "business.conversion_today_pct", desk.figure("business.conversion_today_pct")))
    return tiles


def _tile(desk: Desk, name: str, one: Found, currency: str = "") -> Tile:
    metric = registry.get(name)
    value = None if one.value is None else Decimal(str(round(one.value, 4)))
    unit = unit_of(name)
    top = max(known(one.values), default=None)
    note = ""
    if value is None:
        note = _("no lead was closed today") if name.endswith("conversion_today_pct") else _("no sample in this window")
    elif top:
        note = _("at most %(top)s") % {"top": written(top, unit, currency)}
    chart = (
        sparkline(one.values, takeaway=_("%(label)s in this window") % {"label": metric.label})
        if known(one.values)
        else ""
    )
    return Tile(
        metric.label,
        value,
        _KINDS.get(unit, "number") if unit else "number",
        unit="/min" if unit is Unit.PER_MINUTE or name == "business.revenue_per_min" else "",
        currency=currency or "BRL",
        href=desk.link(name, {"currency": currency} if currency else None),
        as_of=None if one.stale_since or not desk.found.live else desk.at,
        age=desk.found.now - one.stale_since if one.stale_since else None,
        state=State.STALE if one.stale_since else State.NORMAL,
        note=note,
        chart=chart,
        id=name.replace(".", "-"),
    )


GROUPS = (database, redis, network, queue)
