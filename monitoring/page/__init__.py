"""/monitoring: one screen that says first whether anything is wrong.

`queries` reads everything in a handful of statements, `news` says it in sentences, `rows` and `sections` make
what the templates show, `figures` writes values by their units, `views` are the pages.
"""
