"""Import of CSV files: a map says which column becomes which field, every row is checked as the API checks
it, and rows are written by the id they had at their source, so that a second import changes nothing.

`mapping` reads the map, `reading` the file, `values` the cells; `upsert` writes, `running` does it all.
"""
