"""The decks of one output of a head: the key tile's columns, the value tile's column, the counter.

Each tile is a deck of its own, and the counter is one. They are cut apart where gates drive gates and nothing comes
back: word lines and pulses, sign and windows are recorded in one deck, which carries the gates behind the cut as load,
and drive the next. So no deck simulates what rests: the key tile while the value tile converts, both while the fast
clock of the counter needs its many time steps. `whole_deck` has all in one, to show that the cuts change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from gaincell_char.circuits import converter
from gaincell_char.circuits.converter import EDGE_S
from gaincell_char.circuits.deck import Array, assemble, number, pulse
from gaincell_char.circuits.gain_cell.cell import LEVELS_V, PARAMETERS, hold, instance, sources
from gaincell_char.circuits.head.case import HeadCase
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.circuits.head.windows import closing
from gaincell_char.circuits.settings import numeric_values, parameter_values
from gaincell_char.circuits.testbench import Setting
from gaincell_char.spice.types import Deck, Waveforms

COUNTER_NETLISTS = ("gates.lib", "pulse_counter.lib")
NETLISTS = (
    "gain_cell.lib",
    "gates.lib",
    "front_end.lib",
    "charge_to_pulse.lib",
    "zero_charge_reference.lib",
    "signed_charge_to_pulse.lib",
    "pulse_counter.lib",
    "word_line_driver.lib",
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-3, "trtol": 1.0, "abstol": 1e-11, "chgtol": 1e-16, "step_s": 5e-10}
"""Steps follow the error estimate alone; `trtol` and `chgtol` make them fine where a comparator switches. At the kinks
of a replayed pulse the steps get so short that the currents of capacitors are known to a few pA only; with the
simulator's own `abstol` of 1 pA Newton's iterations then fail however short the step."""
COUNTER_NUMERICS = {"gmin": 1e-15, "reltol": 1e-3, "step_s": 1e-10}
NOMINAL_VDD_V = 0.9
BL_WIRE_F = 0.3e-15
WL_WIRE_F = 0.4e-15
"""Wire of a bit line and of a word line, one cell pitch of it."""
TILE_COLUMNS = 64
CLOCK_S = 15e-9 / 124
"""Period of the fast clock, an eighth of a counter step."""
CLOCK_EDGE_S = 30e-12
BITS = ("b0", "b1", "b2", "b3", "b4")
HANDED_ON = ("pp", "pn", "sgn", "vwinp", "vwinn")
"""Nodes that the converter drives and the counter reads."""
VALUE_VECTORS = ("v(vbl)", *(f"v({name})" for name in HANDED_ON))
_KINK_V = 2e-3
_BEFORE_S = 0.2e-9
_AFTER_STEPS = 3


def key_deck(setting: Setting, case: HeadCase, phases: Phases, widths_s: tuple[float, ...]) -> Deck:
    """The key columns of `case`, from the query pulses to the ReLU pulses on the word lines of the value tile.

    Cells with the same stored level on the same word line are one instance with a multiplier: they are the same
    circuit, node for node. Stored levels follow the supply. Query pulses come from sources, `widths_s` wide by level.

    Raises
    ------
    InputError
        An unknown technology, corner or parameter, or a value outside its range.
    """
    writer = _Writer(setting, phases)
    lines = [*writer.key_control(), *writer.queries(case, widths_s), *writer.key_columns(case)]
    end_s = phases.key_enable_s + phases.latest_s + 0.7e-9
    return _assembled("key tile", setting, case, lines, key_vectors(case.columns), end_s)


def value_deck(setting: Setting, case: HeadCase, phases: Phases, key: Waveforms) -> Deck:
    """The value column of `case`, up to the signed pulse. `key`: waveforms of `key_deck`, whose word lines drive the
    cells of the tokens that have a key column; pulses of the other tokens come from sources.

    Raises
    ------
    InputError
        As `key_deck`.
    """
    writer = _Writer(setting, phases)
    lines = [
        *writer.value_control(),
        *(_replayed(f"{node}{column}", key, 0.0) for column in range(case.columns) for node in ("w", "wb")),
        *writer.value_column(case),
        "xloadpulse pp pn loadpulse vdd 0 nor2",
        *(f"xloadsign{side} sgn loadsign{side} vdd 0 inverter" for side in "ab"),
        *(f"xloadwin{sign} vwin{sign} loadwin{sign} vdd 0 inverter" for sign in "pn"),
        *(f"xloadclock{sign} 0 vwin{sign} loadclock{sign} vdd 0 nand2" for sign in "pn"),
    ]
    return _assembled("value tile", setting, case, lines, VALUE_VECTORS, phases.end_s)


def whole_deck(setting: Setting, case: HeadCase, phases: Phases, widths_s: tuple[float, ...]) -> Deck:
    """`case` from the query pulses to the bits, in one deck. Arguments and errors as `key_deck`'s."""
    writer = _Writer(setting, phases)
    lines = [
        *writer.key_control(),
        *writer.queries(case, widths_s),
        *writer.key_columns(case),
        *writer.value_control(),
        *writer.value_column(case),
        *_counter(setting.vdd_V, case, "pn", phases.value_listen_s, 0.0),
    ]
    vectors = (*key_vectors(case.columns), *VALUE_VECTORS, *(f"v({bit})" for bit in BITS))
    return _assembled("whole", setting, case, lines, vectors, phases.end_s)


def counter_deck(setting: Setting, case: HeadCase, phases: Phases, value: Waveforms) -> Deck:
    """The counter, driven by what `value_deck` gave, from just before the window opens until three steps after the
    pulse has ended: from then on its flip-flop samples zeros. Of the two count clocks only that of the latched sign is
    there; the counter is cut off from the other."""
    half = setting.vdd_V / 2
    sign = "p" if value.vectors["v(sgn)"][-1] > half else "n"
    opens, ends = (converter.crossings(value.scale, value.vectors[f"v({node})"], half, rising)
                   for node, rising in ((f"vwin{sign}", True), (f"p{sign}", False)))  # fmt: skip
    opened = float(opens[0]) if opens.size else phases.value_listen_s
    start = opened - _BEFORE_S
    end = min(float(ends[-1] if ends.size else opened) + _AFTER_STEPS * 8 * CLOCK_S, phases.end_s)
    step = number(COUNTER_NUMERICS["step_s"])
    lines = [
        *sources(vdd=setting.vdd_V),
        *(_replayed(name, value, start) for name in HANDED_ON),
        *_counter(setting.vdd_V, case, sign, phases.value_listen_s, start),
        f".tran {step} {number(end - start)} 0 {step}",
    ]
    return assemble(
        "head, its pulse counter", setting, COUNTER_NETLISTS, COUNTER_NUMERICS, lines, [f"v({bit})" for bit in BITS]
    )


def key_vectors(columns: int) -> tuple[str, ...]:
    """What is recorded of the key tile: its window, word lines and bit lines."""
    return ("v(kwin)", *(f"v({name}{column})" for column in range(columns) for name in ("w", "wb", "kbl")))


def _assembled(
    part: str, setting: Setting, case: HeadCase, lines: Iterable[str], vectors: Iterable[str], end_s: float
) -> Deck:
    numerics = numeric_values(setting, NUMERICS)
    step = number(numerics["step_s"])
    cell = parameter_values(setting, PARAMETERS)
    title = f"head, {part}, {case.columns} key columns of {len(case.queries)} cells, {len(case.values)} tokens"
    common = (*sources(vdd=setting.vdd_V), *hold(cell))
    return assemble(
        title, setting, NETLISTS, numerics, [*common, *lines, f".tran {step} {number(end_s)} 0 {step}"], vectors
    )


class _Writer:
    """The parts of the decks, line by line."""

    def __init__(self, setting: Setting, phases: Phases) -> None:
        self._vdd = setting.vdd_V
        self._cell = parameter_values(setting, PARAMETERS)
        self._at = phases

    def key_control(self) -> Iterator[str]:
        at = self._at
        yield from self._reset("rst", at.key_reset_s)
        yield self._edge("kenb", at.key_enable_s, falls=True)
        latest = at.key_enable_s + at.latest_s
        yield from closing("kwin", "kgate", at.key_window_s, at.key_listen_s, latest, self._vdd)
        yield "xzk rst rstb kenb kgate kwin vdd 0 zero_charge_k"

    def value_control(self) -> Iterator[str]:
        at = self._at
        yield from self._reset("vrst", at.value_reset_s)
        yield self._edge("vlat", at.latch_s, falls=True)
        yield self._edge("vlatb", at.latch_s)
        yield self._edge("ven", at.value_enable_s)
        latest = at.value_enable_s + at.latest_s
        for sign in "pn":
            window, gate = f"vwin{sign}", f"vgate{sign}"
            yield from closing(window, gate, at.value_window_s, at.value_listen_s, latest, self._vdd)
            yield f"xz{sign} vrst vrstb ven {gate} {window} vdd 0 zero_charge_{sign}"

    def queries(self, case: HeadCase, widths_s: tuple[float, ...]) -> Iterator[str]:
        for level in sorted(set(case.queries)):
            yield from self._word_line(f"q{level}", f"qb{level}", self._at.read_s, widths_s[level])

    def key_columns(self, case: HeadCase) -> Iterator[str]:
        for column, levels in enumerate(case.keys):
            line = f"kbl{column}"
            yield f"cwire_{line} {line} 0 {number(BL_WIRE_F * len(case.queries))}"
            together = Counter(zip(case.queries, levels, strict=True))
            for (query, level), count in sorted(together.items()):
                yield from self._cells(f"k{column}_{query}_{level}", f"q{query} qb{query} {line}", level, count)
            yield f"xk{column} {line} rst rstb kenb kwin kp{column} vdd 0 charge_to_pulse"
            yield f"xbuffer{column} kp{column} w{column} wb{column} vdd 0 word_line_buffer"
            # the row of the value tile behind the buffer: cells of the other outputs, and the wires
            others = instance(f"xrow{column}", f"wbl wwl wwlb wbl w{column} wb{column} wbl vdd 0", self._cell)
            yield f"{others} m={TILE_COLUMNS - 1}"
            for node in ("w", "wb"):
                yield f"cwire_{node}{column} {node}{column} 0 {number(WL_WIRE_F * TILE_COLUMNS)}"

    def value_column(self, case: HeadCase) -> Iterator[str]:
        yield f"cwire_vbl vbl 0 {number(BL_WIRE_F * len(case.values))}"
        idle: Counter[int] = Counter()
        for token, level in enumerate(case.values):
            if token >= case.columns:
                width = case.pulses_s[token - case.columns]
                if width == 0:
                    idle[level] += 1
                    continue
                yield from self._word_line(f"w{token}", f"wb{token}", self._at.value_read_s, width)
            yield from self._cells(f"v{token}", f"w{token} wb{token} vbl", level, 1)
        for level, count in sorted(idle.items()):
            yield from self._cells(f"vidle_{level}", "0 vdd vbl", level, count)
        yield "xsigned vbl vrst vrstb vlat vlatb ven vwinp vwinn pp pn sgn vdd 0 signed_charge_to_pulse"

    def _cells(self, name: str, lines: str, level: int, count: int) -> Iterator[str]:
        """`count` equal cells on `lines` (wlr wlrb bl)."""
        multiplier = f" m={count}" if count > 1 else ""
        yield instance(f"x{name}", f"wbl wwl wwlb s{name} {lines} vdd 0", self._cell) + multiplier
        yield f".ic v(s{name})={number(stored_V(level, self._vdd))}"

    def _word_line(self, node: str, inverse: str, start_s: float, width_s: float) -> Iterator[str]:
        if width_s == 0:
            yield f"v{node} {node} 0 0"
            yield f"v{inverse} {inverse} 0 {number(self._vdd)}"
            return
        edge = min(EDGE_S, width_s / 2)  # a pulse shorter than its edges keeps its width at half height
        yield f"v{node} {node} 0 {pulse(0.0, self._vdd, start_s, width_s, edge)}"
        yield f"v{inverse} {inverse} 0 {pulse(self._vdd, 0.0, start_s, width_s, edge)}"

    def _reset(self, node: str, time_s: float) -> Iterator[str]:
        """The end of a reset, whose thick-oxide switches are driven from the supply of the write word lines."""
        yield f"v{node} {node} 0 {_step(self._cell['wwl_write_V'], time_s, falls=True)}"
        yield self._edge(f"{node}b", time_s)

    def _edge(self, node: str, time_s: float, falls: bool = False) -> str:
        return f"v{node} {node} 0 {_step(self._vdd, time_s, falls)}"


def stored_V(level: int, vdd_V: float) -> float:
    """Voltage of a stored level: the references are a fixed part of the supply."""
    return LEVELS_V[level] * vdd_V / NOMINAL_VDD_V


def _step(high_V: float, time_s: float, falls: bool) -> str:
    before, after = (high_V, 0.0) if falls else (0.0, high_V)
    return f"pwl(0 {number(before)} {number(time_s)} {number(before)} {number(time_s + EDGE_S)} {number(after)})"


def _counter(vdd_V: float, case: HeadCase, signs: str, release_s: float, origin_s: float) -> Iterator[str]:
    """Count clocks of `signs` and the counter, released at `release_s`, or at the beginning where that is over. The
    fast clock's rises are `clock_phase` periods after whole periods since `release_s`."""
    high = CLOCK_S / 2 - CLOCK_EDGE_S
    late = (release_s - origin_s) / CLOCK_S + case.clock_phase
    wait = (late % 1.0) * CLOCK_S
    yield f"vck ck 0 pulse(0 {' '.join(map(number, (vdd_V, wait, CLOCK_EDGE_S, CLOCK_EDGE_S, high, CLOCK_S)))})"
    yield f"vcrst crst 0 {_step(vdd_V, max(release_s - origin_s, EDGE_S), falls=True)}"
    for sign in "pn":
        clocked = f"xclock{sign} ck vwin{sign} clk{sign} vdd 0 count_clock"
        yield clocked if sign in signs else f"vclk{sign} clk{sign} 0 0"
    yield f"xcounter pp pn sgn clkp clkn crst {' '.join(BITS)} vdd 0 pulse_counter"


def _replayed(name: str, waveforms: Waveforms, start_s: float) -> str:
    """A source that repeats the waveform of node `name` from `start_s` on, straight between its kinks."""
    time, values = waveforms.scale, waveforms.vectors[f"v({name})"]
    inside = time > start_s
    first = float(np.interp(start_s, time, values))
    points = kinks(np.concatenate(([start_s], time[inside])), np.concatenate(([first], values[inside])))
    return f"v{name} {name} 0 pwl({' '.join(f'{number(t - start_s)} {number(v)}' for t, v in points)})"


def kinks(time: Array, values: Array) -> list[tuple[float, float]]:
    """Points of a polyline that stays within 2 mV of `values` at every time (Ramer, Douglas and Peucker)."""
    keep = {0, len(time) - 1}
    pending = [(0, len(time) - 1)]
    while pending:
        first, last = pending.pop()
        line = np.interp(time[first : last + 1], time[[first, last]], values[[first, last]])
        off = np.abs(values[first : last + 1] - line)
        worst = first + int(off.argmax())
        if off.max() > _KINK_V:
            keep.add(worst)
            pending += [(first, worst), (worst, last)]
    return [(float(time[index]), float(values[index])) for index in sorted(keep)]
