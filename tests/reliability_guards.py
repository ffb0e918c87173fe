"""Take each guard out and see that its tests fail: `python tests/reliability_guards.py [ROW ...]`.

A test of a fault proves something only if it fails where the guard is missing. For every row of docs/reliability.md
this takes out a guard in a copy of the tree, runs the row's tests there, and expects a failed test: no import error, no
pass. The tests are also run once with all guards in.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import hypothesis  # noqa: F401
import pandas  # noqa: F401
import pebble  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pydantic  # noqa: F401
import pytest
import rich.progress
import rich.table  # noqa: F401
import ruamel.yaml  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("gaincell_char", "tests", "netlists", "sweeps", "docs", "pyproject.toml", "models")


@dataclass(frozen=True)
class Guard:
    """`edits`: (file in the package, text, text without the guard). `tests`: `module::test`, one of which must fail."""

    row: int
    edits: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...]


def guard(row: int, *edits: tuple[str, str, str], tests: str) -> Guard:
    return Guard(row, edits, tuple(tests.split()))


GUARDS = (
    guard(1, ("sweep/database.py", '.execute("COMMIT")', '.execute("ROLLBACK")'),
          tests="sweep/test_kill.py::test_three_kills_of_the_gain_cell_sweep"),
    guard(2, ("sweep/execute.py", "elif tries == 0:", "elif False:"),
          tests="sweep/test_run.py::test_a_dead_worker_is_forgiven_once"),
    guard(3, ("spice/verdict.py", "if seen := _process_fault(outcome) or fault(log)", "if seen := fault(log)"),
          tests="spice/test_fake_ngspice.py::test_the_simulator_is_killed "
                "sweep/test_reliability.py::test_a_kill_of_the_real_simulator_is_never_an_empty_success"),
    guard(4, ("sweep/execute.py", "        interrupt.asked = True\n", "        raise KeyboardInterrupt\n"),
          tests="sweep/test_kill.py::test_one_interrupt_finishes_what_runs"),
    guard(5, ("spice/batch.py", "if free < 1 << 16:", "if False:"),
          tests="spice/test_fake_ngspice.py::test_a_full_disk"),
    guard(6, ("sweep/database.py", 'self.execute("ROLLBACK")', "pass"),
          ("sweep/database.py", "if code == sqlite3.SQLITE_FULL:", "if False:"),
          tests="sweep/test_store.py::test_a_full_disk_loses_nothing"),
    guard(7, ("spice/verdict.py", 'if name == "SIGXFSZ":', "if False:"),
          tests="spice/test_fake_ngspice.py::test_the_file_size_limit"),
    guard(8, ("sweep/store.py", " or _checksum(key, payload) != checksum:", ":"),
          tests="sweep/test_store.py::test_every_flipped_bit_of_a_payload_is_found"),
    guard(9, ("sweep/identity.py", '"engine": engine,', '"engine": "any",'),
          tests="sweep/test_reliability.py::test_another_version_of_ngspice_is_a_miss_and_said"),
    guard(10, ("spice/netlist.py", "in _file_inclusions(path)", "in ()"),
          tests="sweep/test_identity.py::test_a_file_two_includes_down_counts"),
    guard(11, ("sweep/identity.py", "getattr(setting, field.name)",
               '"any" if field.name == "corner" else getattr(setting, field.name)'),
          ("sweep/identity.py", "return keys.digest(text.encode())", 'return "any"'),
          tests="sweep/test_identity.py::test_the_corner_alone_is_another_key_for_the_gain_cell"),
    guard(12, ("sweep/lock.py", "        lock.acquire(timeout=0)\n", "        pass\n"),
          tests="sweep/test_store.py::test_a_second_writer_is_told_the_pid_and_a_dead_one_is_forgotten"),
    guard(13, ("spice/batch.py", "os.killpg(process.pid, signal.SIGKILL)", "process.kill()"),
          tests="spice/test_fake_ngspice.py::test_a_hang_is_stopped_with_its_whole_group"),
    guard(14, ("sweep/worker.py", "in enumerate(alternatives, start=1):", "in enumerate((), start=1):"),
          tests="sweep/test_retries.py::test_a_deck_that_does_not_converge_climbs_the_ladder_and_says_so"),
    guard(15, ("spice/messages.py", 'r"timestep too small|dc', 'r"gmin stepping|timestep too small|dc'),
          tests="spice/test_verdict.py::test_convergence_help_with_a_good_end_is_a_note"),
    guard(16, ("spice/messages.py", 'r"singular matrix', 'r"a message that never comes'),
          tests="spice/test_fake_ngspice.py::test_exit_code_0_after_a_fault"),
    guard(17, ("spice/messages.py", 'r"unrecognized parameter', 'r"a message that never comes'),
          tests="spice/test_engines.py::test_a_fault_is_named_and_the_next_deck_runs"),
    guard(18, ("sweep/worker.py", "if not math.isfinite(value):", "if False:"),
          tests="sweep/test_run.py::test_rows_that_are_no_result"),
    guard(19, ("spice/verdict.py", "    if missing:\n", "    if False:\n"),
          tests="spice/test_verdict.py::test_a_vector_that_is_not_there_offers_the_nearest"),
    guard(20, ("spice/session_worker.py", 'self.command("destroy all")', "pass"),
          tests="spice/test_engines.py::test_a_stale_result_is_not_taken_for_a_new_one "
                "spice/test_engines.py::test_one_deck_leaves_nothing_behind_for_the_next"),
    guard(21, ("spice/session.py", "        if not worker.alive:\n            self.close()\n", ""),
          ("spice/session.py", " or not self._worker.alive):", "):"),
          tests="spice/test_engine_processes.py::test_a_fatal_error_ends_the_worker_only"),
    guard(22, ("spice/check.py", "        _check_nesting(found)\n", ""),
          tests="spice/test_deck_check.py::test_refused_with_its_line"),
    guard(23, ("spice/batch.py", '"-n", "-b", "-r"', '"-b", "-r"'),
          tests="spice/test_engines.py::test_the_users_startup_file_is_ignored"),
    guard(24, ("spice/deck.py", "if any(ord(character) < 32", "if any(ord(character) < 0"),
          tests="spice/test_spice_deck.py::test_a_line_end_in_a_line_is_refused"),
    guard(25, ("sweep/spec.py", 'pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,63}$"', 'pattern=r"^"'),
          tests="sweep/test_reliability.py::test_a_spec_is_not_kept_elsewhere_by_its_name"),
    guard(26, ("sweep/document.py", "elif isinstance(event, ev.AliasEvent):", "elif False:"),
          tests="sweep/test_document.py::test_hostile_text_is_refused_at_once"),
    guard(27, ("sweep/document.py", "if event.value in container:", "if False:"),
          tests="sweep/test_document.py::test_one_line_says_where"),
    guard(28, ("sweep/limits.py", "limit.min is not None and not lowest >= limit.min",
               "limit.min is not None and lowest and not lowest >= limit.min"),
          tests="sweep/test_limits.py::test_judged"),
    guard(28, ("sweep/limits.py", "if not np.isfinite(judged).all():", "if False:"),
          ("sweep/limits.py", "not lowest >= limit.min", "lowest < limit.min"),
          ("sweep/limits.py", "not highest <= limit.max", "highest > limit.max"),
          tests="sweep/test_limits.py::test_judged"),
    guard(29, ("sweep/limits.py", "if rows.empty or without:", "if rows.empty:"),
          tests="sweep/test_limits.py::test_a_point_without_result_is_incomplete"),
    guard(30, ("errors.py", "exit_code = 4", "exit_code = 3"),
          tests="sweep/test_reliability.py::test_without_ngspice_the_exit_status_is_4_and_models_still_work"),
    guard(31, ("sweep/worker.py", '    os.environ["OMP_THREAD_LIMIT"] = "1"\n', ""),
          tests="sweep/test_run.py::test_threads_are_limited_and_temporary_files_are_ours"),
    guard(32, ("spice/session.py", "self._worker.runs >= self._runs_per_worker or ", ""),
          tests="spice/test_engine_processes.py::test_workers_are_recycled"),
    guard(33, ("sweep/lock.py", "except OSError as error:", "except ZeroDivisionError as error:"),
          tests="sweep/test_reliability.py::test_a_path_as_long_as_it_may_be"),
    guard(34, ("spice/simulator.py", '{"LC_ALL": "C", ', "{"),
          ("spice/simulator.py", ' and not name.startswith("LC_")', ""),
          tests="sweep/test_reliability.py::test_a_user_with_a_decimal_comma_reaches_no_simulator"),
    guard(34, ("spice/deck.py", "    return repr(plain)", "    import locale\n\n    return locale.str(plain)"),
          tests="sweep/test_reliability.py::test_a_user_with_a_decimal_comma_reaches_no_simulator"),
    guard(35, ("sweep/assemble.py", "in enumerate(plan.settings):",
               'in sorted(enumerate(plan.settings), key=lambda each: store._database.execute('
               '"SELECT rowid FROM result WHERE key = ?", (names[each[0]],)).fetchone()):'),
          tests="sweep/test_run.py::test_the_same_bytes_whatever_the_workers_and_the_order"),
    guard(36, ("sweep/golden.py", 'if golden.spec != metadata["spec"]:', "if False:"),
          tests="sweep/test_check.py::test_a_golden_of_another_spec_or_testbench_is_stale_and_says_how_to_remake_it"),
)  # fmt: skip


def run_tests(tree: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """pytest's exit status (0 passed, 1 failed) and the last test that failed, from a fork of this process: what is
    imported above is imported once, and the package from `tree`."""
    said = tree / "said.txt"
    pid = os.fork()
    if pid == 0:
        _become_pytest(tree, tests, said)
    _, status = os.waitpid(pid, 0)
    failed = [line for line in said.read_text().splitlines() if line.startswith(("FAILED", "ERROR"))]
    return os.waitstatus_to_exitcode(status), failed[-1][:110] if failed else ""


def _become_pytest(tree: Path, tests: tuple[str, ...], said: Path) -> NoReturn:
    for name in [name for name in os.environ if name.startswith(("OMP_", "PYTEST_"))]:
        del os.environ[name]
    os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path.insert(0, str(tree))
    sys.dont_write_bytecode = True
    os.chdir(tree)
    output = os.open(said, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    status = pytest.main(["-q", "--timeout", "1200", "-p", "no:cacheprovider", *(f"tests/{each}" for each in tests)])
    sys.stdout.flush()
    os._exit(int(status))


def without(tree: Path, each: Guard) -> tuple[int, str]:
    """The row's tests with the guard taken out; the tree is as before afterwards."""
    before: dict[Path, str] = {}
    try:
        for name, text, replaced in each.edits:
            path = tree / "gaincell_char" / name
            content = path.read_text()
            before.setdefault(path, content)
            if text not in content:
                raise SystemExit(f"row {each.row}: {name} has no {text!r} any more; name the guard as it is now")
            path.write_text(content.replace(text, replaced))
        return run_tests(tree, each.tests)
    finally:
        for path, content in before.items():
            path.write_text(content)


def main(rows: list[int]) -> int:
    """How many guards can be taken out without a test failing."""
    chosen = [each for each in GUARDS if not rows or each.row in rows]
    survived = 0
    with tempfile.TemporaryDirectory(prefix="guards-") as name:
        tree = Path(name)
        for each in COPIED:
            source, target = ROOT / each, tree / each
            if each == "models":
                target.symlink_to(source)
            elif source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        status, said = run_tests(tree, tuple(sorted({test for each in chosen for test in each.tests})))
        print(f"all guards in: {said or 'every test passes'}", flush=True)
        if status:
            return len(chosen)
        for each in chosen:
            status, said = without(tree, each)
            caught = status == 1
            survived += not caught
            what = "caught" if caught else f"NOT CAUGHT (pytest {status})"
            print(f"row {each.row:2}: {each.edits[0][0]}: {what}: {said}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} guards cannot be taken out without a failing test")
    return survived


if __name__ == "__main__":
    sys.exit(1 if main([int(row) for row in sys.argv[1:]]) else 0)
