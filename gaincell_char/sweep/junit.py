"""What was checked, as the XML that continuous integration reads."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from gaincell_char.sweep.check import Checked, Line

_TAGS = {"fail": "failure", "incomplete": "error", "stale": "error"}


def junit(checked: Sequence[Checked]) -> bytes:
    """A suite a sweep, a case a limit or golden quantity: `failure` where it fails, `error` where it is incomplete or
    stale, `skipped` where a sweep has nothing to check."""
    root = ET.Element("testsuites", name="gaincell check")
    for each in checked:
        lines = each.lines
        suite = ET.SubElement(
            root, "testsuite", name=each.sweep, tests=str(max(len(lines), 1)), time=f"{each.seconds:.3f}",
            failures=str(sum(line.result == "fail" for line in lines)),
            errors=str(sum(line.result in ("incomplete", "stale") for line in lines)),
            skipped="0" if lines else "1",
        )  # fmt: skip
        for line in lines:
            _case(suite, each.sweep, line)
        if not lines:
            case = ET.SubElement(suite, "testcase", classname=each.sweep, name="skipped")
            ET.SubElement(case, "skipped", message=_plain(each.skipped))
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _case(suite: ET.Element, sweep: str, line: Line) -> None:
    case = ET.SubElement(suite, "testcase", classname=sweep, name=f"{line.kind} {line.name}")
    if line.result != "pass":
        fault = ET.SubElement(case, _TAGS[line.result], type=line.result, message=_plain(line.reason))
        fault.text = _plain(f"worst point: {line.worst}" if line.worst else line.reason)


def _plain(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
