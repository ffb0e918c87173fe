"""Subcircuits that other drawings use as blocks."""

from drawing.symbols import SUPPLIES, block

EDGE = "M-14,9 H0 V-9 H14"


FRONT_END = block(
    "front_end", 110, 80, left={"bl": 20, "rst": 40, "rstb": 60}, right={"out": 20}, glyph="M-14,9 L14,-9"
)
COMPARATOR = block("comparator", 110, 80, left={"out": 20, "rst": 60}, right={"cmp": 20}, glyph=EDGE)
UNIT_SOURCE = block("unit_source", 110, 60, left={"enb": 30}, right={"bl": 30})
UNIT_SINK = block("unit_sink", 110, 60, left={"en": 30}, right={"bl": 30})
ARM = block("arm", 80, 80, left={"x": 20, "en": 40, "gate": 60}, right={"y": 20})

FLIP_FLOP = block(
    "flip_flop", 80, 90, left={"d": 30}, right={"q": 30, "qb": 60}, bottom={"on": 20, "onb": 40, "rst": 60}
)
LATCH = block("latch", 100, 80, left={"d": 30}, right={"q": 20, "qb": 60}, top={"on": 30, "onb": 60})
TOGGLE = block("toggle", 90, 80, left={"ck": 30}, top={"q": 40}, right={"qb": 30}, bottom={"rst": 40})
LEVEL_SHIFTER = block(
    "level_shifter", 110, 60, left={"d": 30}, right={"y": 20, "yb": 40}, implied={**SUPPLIES, "vddh": "vddh"}
)
IDLE_COLUMN = block("idle_column", 110, 60, right={"bl": 30})
SIGNED_REPLICA = block("signed_replica", 120, 140, left={"srcb": 30, "snk": 110}, top={"bl": 60})
