"""An ngspice that plays what it is told to."""

from __future__ import annotations

from collections.abc import Callable

from gaincell_char.spice.batch import BatchEngine

Play = Callable[..., BatchEngine]

FAKE = """#!/bin/sh
# plays a recorded run: `script` may end the process in any way
case "$*" in
*question.cir*) printf '** ngspice-99.1 : a fake\\n** Creation Date: never\\n'; exit 0 ;;
esac
here="{folder}"
echo $$ > "$here/pid"
cat "$here/stdout"
cat "$here/stderr" >&2
test -f "$here/out.raw" && cp "$here/out.raw" out.raw
. "$here/script"
"""
