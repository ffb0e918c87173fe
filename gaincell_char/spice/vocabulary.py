"""The words of ngspice that a deck may use. ngspice ignores the ones it does not know, so they are checked here."""

from __future__ import annotations

ANALYSES = frozenset((".dc", ".tran", ".op"))

CARDS = ANALYSES | frozenset((
    ".subckt", ".ends", ".eom", ".model", ".param", ".csparam", ".func", ".global", ".lib", ".endl", ".include", ".inc",
    ".option", ".options", ".opt", ".temp", ".ic", ".nodeset", ".save", ".if", ".elseif", ".else", ".endif", ".end",
))  # fmt: skip

COMMANDS = frozenset((".control", ".endc"))
DROPPED_WITH_RAW_FILE = frozenset((".meas", ".measure", ".print", ".plot", ".four", ".probe"))
OTHER_ANALYSES = frozenset((".ac", ".noise", ".tf", ".pz", ".sens", ".disto", ".sp", ".pss"))

OPTIONS = frozenset((
    "abstol", "autostop", "bypass", "chgtol", "convabsstep", "convstep", "cshunt", "defad", "defas", "defl",
    "defm", "defw", "epsmin", "gmin", "gminsteps", "gshunt", "indverbosity", "interp", "itl1", "itl2", "itl3",
    "itl4", "itl5", "itl6", "keepopinfo", "klu", "list", "maxevtiter", "maxopalter", "maxord", "maxwarns",
    "method", "minbreak", "noacct", "noinit", "nomod", "noopac", "noopalter", "noopiter", "numdgt", "oldlimit",
    "opts", "pivrel", "pivtol", "ramptime", "reltol", "rshunt", "savecurrents", "scale", "seed", "seedinfo",
    "sparse", "srcsteps", "temp", "tnom", "trtol", "trytocompact", "vntol", "warn", "xmu",
))  # fmt: skip

# the fewest words of an element line, by its first letter: name, nodes, value or model
ELEMENT_WORDS = {
    "b": 4, "c": 4, "d": 4, "e": 4, "f": 5, "g": 4, "h": 5, "i": 4, "j": 5, "k": 4, "l": 4, "m": 6, "q": 5,
    "r": 4, "s": 6, "t": 6, "v": 4, "w": 5, "x": 2, "z": 5,
}  # fmt: skip

FUNCTIONS = frozenset((
    "abs", "acos", "agauss", "asin", "atan", "aunif", "ceil", "cos", "cosh", "exp", "floor", "gauss", "int",
    "ln", "log", "log10", "max", "min", "nint", "pow", "pwr", "sgn", "sin", "sinh", "sqr", "sqrt", "tan",
    "tanh", "unif",
))  # fmt: skip
