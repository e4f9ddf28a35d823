"""GET /metrics: what is measured, in the forms that Prometheus reads.

`totals` keeps counters that only grow, `names` says how figures are called there, `figures` reads their present
values, `families` puts everything together, `answer` decides who may have it, and in which form.
"""
