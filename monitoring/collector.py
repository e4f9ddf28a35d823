"""One sample of everything that is measured on a clock: host, database, Redis.

A task of beat calls it every ten seconds. Counters are stored as counters, so that a rate is right whichever
process took the sample before, and a reset is seen.
"""

from __future__ import annotations

import datetime as dt
import logging

import psutil
from django.db import connection
from redis.exceptions import RedisError

from cache.metrics import server_counts
from monitoring.models import Sample
from monitoring.recording import host

logger = logging.getLogger(__name__)

INTERVAL = dt.timedelta(seconds=10)
FRESH = 3 * INTERVAL
# A mean over a longer pause would be called the load of now.
LONGEST_GAP = dt.timedelta(seconds=60)


def collect(now: dt.datetime) -> int:
    """Takes one round of samples at `now`; returns how many were written. What is away has a gap."""
    values = cpu(now)
    values["memory_pct"] = float(psutil.virtual_memory().percent)
    values["db_connections"] = float(_connections())
    try:
        server = server_counts()
        values |= {"redis.keyspace_hits": float(server.hits), "redis.keyspace_misses": float(server.misses)}
    except RedisError as error:
        logger.warning("no sample of Redis", extra={"error": str(error)})
    name = host()
    Sample.objects.bulk_create(Sample(host=name, at=now, name=metric, value=value) for metric, value in values.items())
    return len(values)


def cpu(now: dt.datetime) -> dict[str, float]:
    """Busy and total seconds of all cores since boot, and the busy share since this host's sample before.

    Waiting for disks is idle time, as psutil counts it; guest time is inside user time on Linux.
    """
    times = psutil.cpu_times()
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    busy = total - times.idle - getattr(times, "iowait", 0.0)
    values = {"cpu.busy_s": busy, "cpu.total_s": total}
    before = dict(
        Sample.objects.filter(name__in=values, host=host(), at__gte=now - LONGEST_GAP, at__lt=now)
        .order_by("at")
        .values_list("name", "value")
    )
    if len(before) == len(values):
        passed, worked = total - before["cpu.total_s"], busy - before["cpu.busy_s"]
        # A reboot sets both back; a negative share is not a measurement.
        if passed > 0 and worked >= 0:
            values["cpu_pct"] = min(100.0, 100 * worked / passed)
    return values


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])
