"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import pytest

MARKED = """
import pytest

@pytest.mark.gaincell
def test_marked():
    pass

def test_plain():
    pass
"""


def test_ngspice_disabled_skips_what_is_marked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED)
    arguments = ("-p", "gaincell_char.pytest_plugin", "--strict-markers", "-p", "no:cacheprovider")
    pytester.runpytest_inprocess(*arguments, "--ngspice", "disabled").assert_outcomes(passed=1, skipped=1)


def test_required_without_a_simulator_is_an_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    pytester.makepyfile(MARKED)
    result = pytester.runpytest_inprocess("-p", "gaincell_char.pytest_plugin", "--ngspice", "required")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no ngspice on PATH; install the Debian packages*"])
    pytester.runpytest_inprocess("-p", "gaincell_char.pytest_plugin").assert_outcomes(passed=1, skipped=1)


@pytest.mark.ngspice
def test_the_fixture_asserts_limits_and_goldens(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.gaincell
        def test_as_it_is(gaincell_check):
            assert len(gaincell_check("gain_cell_write", workers=1).good) == 120

        @pytest.mark.gaincell
        def test_changed(gaincell_check):
            gaincell_check("gain_cell_write", "gain_cell.storage_F=-80%", workers=1)
        """
    )
    result = pytester.runpytest_inprocess("-p", "gaincell_char.pytest_plugin")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: gain_cell_write: limit settled_write: fail: * is above max 0.02*"])
