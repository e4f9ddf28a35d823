"""ASGI entry: `fvdash.asgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fvdash.settings")

from django.core.asgi import get_asgi_application
from django.db import connections

from fvdash.runtime.patience import Connection

# Each request runs in a thread of its own, which ends with it, and would take its connection along: only a pool
# keeps them. Workers and commands have long-lived threads and no use for one.
connections.settings["default"] |= {"CONN_MAX_AGE": 0}
connections.settings["default"]["OPTIONS"]["pool"] = {
    "min_size": 2,
    "max_size": 12,
    "timeout": 10,
    "connection_class": Connection,
}

application = get_asgi_application()
