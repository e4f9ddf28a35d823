"""Demo data: two agencies that do not exist, with a believable history of 24 months up to yesterday.

`making` invents it from a seed and a day (the same two give the same rows), `loading` writes and removes it.
"""
