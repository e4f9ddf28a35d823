"""Charts drawn at the server as SVG: values in, SafeString out.

Each has `role="img"` with the takeaway as its name (a waterfall and a cohort are tables themselves), says
"we do not know" with a hatch, has no inline style, and does not distort from 360 to 1440 px: paths stretch
with unscaled strokes, words have their own coordinates. `data_table` gives the same data to read.
"""

from core.charts._svg import Mark
from core.charts.area import area
from core.charts.bars import Bar, bars
from core.charts.cohort import Cohort, cohorts
from core.charts.heat import HeatRow, heat
from core.charts.lines import lines
from core.charts.sparkline import sparkline
from core.charts.strip import Beat, strip
from core.charts.table import data_table
from core.charts.waterfall import Role as StepRole
from core.charts.waterfall import Step, axis_start, waterfall

__all__ = [
    "Bar",
    "Beat",
    "Cohort",
    "HeatRow",
    "Mark",
    "Step",
    "StepRole",
    "area",
    "axis_start",
    "bars",
    "cohorts",
    "data_table",
    "heat",
    "lines",
    "sparkline",
    "strip",
    "waterfall",
]
