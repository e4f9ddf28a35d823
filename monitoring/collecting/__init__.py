"""The collector: one process per host that samples it every ten seconds, beside Redis and the queue.

host, disks, network, container    readings of the machine, in the process's main thread
database, cache, queue, business   readings of what all hosts share, by the one collector that leads
sources                            threads for what may hang, and how they are given up
buffer                             rounds that wait for the database
process                            the clock, and the life of the process
loops                              what else runs in it: the place to add a loop or a sampler
"""
