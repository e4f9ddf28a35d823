"""The system log: warnings and errors of every process, kept 30 days, grouped, searchable.

    logging ─> handler ─> keeping (memory of the process, bounded) ─> writing (one transaction a second)

`fingerprints` says which records are one group, `reading` what of a record is kept and in which words.
"""

from __future__ import annotations
