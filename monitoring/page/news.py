"""The reading of the page: what is wrong, what changed, why, in sentences with figures."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import formats
from core.pages.parts import Cell, Link, Reading, Text, Tone
from monitoring.health import Status
from monitoring.page.figures import known, unit_of, written
from monitoring.page.queries import Overview
from monitoring.page.rows import Desk, tone_of
from monitoring.page.sections import OLD_S
from monitoring.page.tables import CHECK_NAMES, Endpoint, Mount
from monitoring.store.reading import Newest

FRESH = dt.timedelta(seconds=30)
# So many more troubles are told after the first.
MOST_MORE = 3
# What may have changed, with the words for it and the least difference worth a sentence.
WATCHED: tuple[tuple[str, Text, float], ...] = (
    ("cpu_pct", gettext_lazy("CPU"), 10.0),
    ("memory_pct", gettext_lazy("Memory"), 5.0),
    ("load.1m", gettext_lazy("Load"), 1.0),
    ("database.transactions", gettext_lazy("Transactions of the database"), 5.0),
    ("database.connections_used_pct", gettext_lazy("Database connections in use"), 10.0),
    ("database.latency_ms", gettext_lazy("The database's time to answer"), 20.0),
    ("redis.latency_ms", gettext_lazy("Redis's time to answer"), 20.0),
    ("queue.depth", gettext_lazy("Waiting messages"), 10.0),
)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong."""

    tone: Tone
    text: SafeString
    more: str = ""
    link: Link | None = None

    @property
    def rank(self) -> int:
        return 0 if self.tone is Tone.CRITICAL else 1


def reading(found: Overview, desk: Desk | None, mounts: Sequence[Mount], slow: Sequence[Endpoint]) -> Reading:
    every = sorted(findings(found, desk, mounts, slow), key=lambda one: one.rank)
    return Reading(_wrong(found, every), _changed(desk), _why(found, slow))


def _wrong(found: Overview, every: Sequence[Finding]) -> Cell:
    if every:
        first, *others = every
        told = [_linked(one) for one in others[:MOST_MORE]]
        if len(others) > MOST_MORE:
            told.append(format_html("{}", _("and %(n)s more") % {"n": len(others) - MOST_MORE}))
        text = first.text
        if first.link:
            text = format_html('{} <a href="{}">{}</a>', first.text, first.link.href, first.link.label)
        if first.more:
            told.insert(0, format_html("{}.", first.more.rstrip(".")))
        return Cell(text, format_html_join(mark_safe(" "), "{}", ((one,) for one in told)), tone=first.tone)
    if found.checks is None or found.measured is None:
        return Cell(_("What is measured could not be read: the sections below say which."), tone=Tone.WARNING)
    if found.checks.report.status is Status.UNKNOWN:
        return Cell(_("Nothing is known to be wrong, but the checks have no fresh result."), tone=Tone.WARNING)
    since = found.facts.calm_since if found.facts else None
    if since is None:
        return Cell(_("All is well, as far as is known: the first round of checks has just begun."))
    text = format_html("<b>{}</b>", _("All is well since %(when)s.") % {"when": formats.when(since, found.now)})
    return Cell(text, _("Every check answers, nothing is about to be full, no queue waits."))


def _linked(one: Finding) -> SafeString:
    return format_html('<a href="{}">{}</a>', one.link.href, one.text) if one.link else one.text


def findings(
    found: Overview, desk: Desk | None, mounts: Sequence[Mount], slow: Sequence[Endpoint]
) -> Iterator[Finding]:
    yield from _checks(found)
    if found.live:
        yield from _silence(found)
    if desk is not None and found.live:
        yield from _queues(desk)
        yield from _figures(desk)
    yield from _disks(mounts)
    yield from _endpoints(slow)


def _checks(found: Overview) -> Iterator[Finding]:
    for row in found.checks.rows if found.checks else ():
        one = row.check
        if one.status in (Status.DOWN, Status.DEGRADED):
            down = one.status is Status.DOWN
            what = _("%(name)s is down.") if down else _("%(name)s is degraded.")
            text = format_html("<b>{}</b> {}", what % {"name": CHECK_NAMES.get(one.name, one.name)}, one.words())
            yield Finding(Tone.CRITICAL if down else Tone.WARNING, text, link=Link(_("See the checks"), "#checks"))


def silent(found: Overview) -> dict[str, dt.datetime]:
    """Hosts whose collector has stopped, with the time of their last sample."""
    if found.facts is None or found.measured is None or not found.live:
        return {}
    seen = found.measured.seen
    last = {host: seen.get(host, at) for host, at in found.facts.hosts.items()}
    return {host: at for host, at in last.items() if found.now - at > FRESH and found.host in (None, host)}


def _silence(found: Overview) -> Iterator[Finding]:
    if found.facts is None or found.measured is None:
        return
    if not found.facts.hosts:
        text = format_html("<b>{}</b>", _("No host has been measured yet."))
        yield Finding(Tone.WARNING, text, _("Is the collector running? It writes a sample every 10 seconds."))
        return
    for host, at in silent(found).items():
        text = format_html(
            "<b>{}</b> {}",
            _("No sample of %(host)s since %(when)s.") % {"host": host, "when": formats.when(at, found.now)},
            _("Is the collector running?"),
        )
        everywhere = len(silent(found)) == len(found.facts.hosts)
        query = urlencode({"metric": "cpu_pct", "host": host, **found.window.params})
        yield Finding(
            Tone.CRITICAL if everywhere else Tone.WARNING,
            text,
            link=Link(_("See its course"), f"{reverse('metric')}?{query}"),
        )


def _queues(desk: Desk) -> Iterator[Finding]:
    workers = desk.figure("queue.workers", "sum")
    if workers.value == 0 and not workers.stale_since:
        yield Finding(Tone.CRITICAL, format_html("<b>{}</b>", _("No worker is alive: nothing in the queue is done.")))
    for one in desk.measured.newest.get("queue.age_s", ()):
        tone = tone_of(one.value, OLD_S)
        if tone and one.is_fresh(desk.at):
            yield _queue(desk, one, Tone(tone))


def _queue(desk: Desk, one: Newest, tone: Tone) -> Finding:
    name = one.labels.get("queue", "")
    since = one.at - dt.timedelta(seconds=one.value)
    depth = desk.figure("queue.depth", where={"queue": name}).value
    text = format_html(
        "<b>{}</b> {}",
        _("The queue %(name)s waits since %(when)s.") % {"name": name, "when": formats.when(since, desk.found.now)},
        _("%(n)s messages, the oldest %(age)s old.")
        % {"n": formats.number(depth, 0), "age": formats.duration(one.value)},
    )
    return Finding(tone, text, link=Link(_("See the queue"), desk.link("queue.depth", {"queue": name})))


# Metric, limits, sentence.
_LIMITS = (
    ("memory_pct", (90.0, 97.0), gettext_lazy("Memory is %(value)s full.")),
    ("cpu_pct", (95.0, 101.0), gettext_lazy("The processor is %(value)s busy.")),
    ("swap.used_pct", (60.0, 90.0), gettext_lazy("Swap is %(value)s full.")),
    (
        "database.connections_used_pct",
        (80.0, 95.0),
        gettext_lazy("%(value)s of the database's connections are in use."),
    ),
    ("database.latency_ms", (100.0, 1000.0), gettext_lazy("The database takes %(value)s to answer nothing.")),
    ("redis.latency_ms", (50.0, 500.0), gettext_lazy("Redis takes %(value)s to answer.")),
    ("database.oldest_transaction_s", (900.0, 7200.0), gettext_lazy("A transaction has been open for %(value)s.")),
)


def _figures(desk: Desk) -> Iterator[Finding]:
    for metric, limit, words in _LIMITS:
        one = desk.figure(metric)
        tone = tone_of(one.value, limit)
        if tone and not one.stale_since:
            text = format_html("<b>{}</b>", str(words) % {"value": written(one.value, unit_of(metric))})
            host = one.worst.host if one.worst else ""
            yield Finding(Tone(tone), text, host, Link(_("See its course"), desk.link(metric)))


def _disks(mounts: Sequence[Mount]) -> Iterator[Finding]:
    for one in mounts:
        if one.tone:
            full = _("%(name)s is %(used)s full") % {"name": one.name, "used": one.used}
            lasts = one.until if one.days is not None else ""
            said = f"{full}; " + _("at this pace completely %(until)s.") % {"until": lasts} if lasts else f"{full}."
            yield Finding(Tone(one.tone), format_html("<b>{}</b>", said), one.free, Link(_("See its course"), one.href))


def _endpoints(slow: Sequence[Endpoint]) -> Iterator[Finding]:
    bad = [one for one in slow if one.tone]
    wrong = max(bad, key=lambda one: one.done.figures.errors, default=None)
    if wrong is not None and wrong.done.figures.errors:
        text = format_html(
            "<b><code>{} {}</code></b> {}",
            wrong.method,
            wrong.name,
            ngettext("failed %(n)s time (%(share)s).", "failed %(n)s times (%(share)s).", wrong.done.figures.errors)
            % {
                "n": formats.number(wrong.done.figures.errors),
                "share": formats.percent(wrong.done.figures.error_pct, 2),
            },
        )
        yield Finding(Tone(wrong.tone), text, link=Link(_("Open it"), wrong.href or "#endpoints"))
    late = next((one for one in bad if not one.done.figures.errors), None)
    if late is not None:
        text = format_html(
            "<b><code>{} {}</code></b> {}",
            late.method,
            late.name,
            _("is slow: p95 %(ms)s.") % {"ms": formats.milliseconds(late.done.figures.p95_ms)},
        )
        yield Finding(Tone(late.tone), text, link=Link(_("Open it"), late.href or "#endpoints"))


def _changed(desk: Desk | None) -> Cell:
    """What differs most in the last quarter of the window from the three before."""
    best: tuple[float, str, Text, float, float] | None = None
    for metric, label, least in WATCHED if desk else ():
        assert desk is not None
        values = desk.figure(metric, "sum" if metric in ("queue.depth", "database.transactions") else "worst").values
        border = len(values) * 3 // 4
        before, after = known(values[:border]), known(values[border:])
        if len(before) < 6 or len(after) < 3:
            continue
        was, now = statistics.fmean(before), statistics.fmean(after)
        weight = abs(now - was) / (statistics.pstdev(before) + least / 3)
        if abs(now - was) >= least and (best is None or weight > best[0]):
            best = (weight, metric, label, was, now)
    if desk is None or best is None:
        known_at_all = desk is not None and known(desk.figure("cpu_pct").values)
        return Cell(
            _("Nothing moved much in this window.") if known_at_all else _("Nothing is known to compare with yet.")
        )
    _weight, metric, label, was, now = best
    grid, unit = desk.measured.grid, unit_of(metric)
    text = format_html(
        "{} <b>{}</b>",
        label,
        _("from %(was)s to %(now)s") % {"was": written(was, unit), "now": written(now, unit)},
    )
    quarter = grid.step * (grid.count - grid.count * 3 // 4)
    more = _("mean of the last %(length)s, against the time before in this window.") % {
        "length": formats.duration(quarter)
    }
    return Cell(text, more, Link(_("See its course"), desk.link(metric)))


def _why(found: Overview, slow: Sequence[Endpoint]) -> Cell:
    """What happened lately, and what the time goes into."""
    if found.traffic is None or not found.traffic.endpoints:
        spent: SafeString | str = _("No request was answered in this window.")
    else:
        whole = sum(one.figures.mean_ms * one.figures.count for one in found.traffic.endpoints)
        most = max(found.traffic.endpoints, key=lambda one: one.figures.mean_ms * one.figures.count)
        share = 100 * most.figures.mean_ms * most.figures.count / whole if whole else None
        spent = format_html(
            _("<code>{}</code> takes {} of the time of all requests."),
            f"{most.method} {most.name}",
            formats.percent(share, 0),
        )
    note = next(iter(found.facts.notes), None) if found.facts else None
    if note is None:
        return Cell(spent, _("No deployment, backup or alert in this window."))
    text = format_html("<b>{}</b> {}", formats.when(note.at, found.now), str(note))
    return Cell(text, spent, Link(_("What happened"), "#events"), Tone.PLAIN)
