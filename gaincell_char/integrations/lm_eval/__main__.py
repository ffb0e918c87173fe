"""The harness's own command line with the model `gaincell` known to it."""

from __future__ import annotations

import sys

from gaincell_char.errors import GaincellError


def main() -> None:
    """Run the harness; a `GaincellError` becomes one line and its exit code."""
    try:
        import gaincell_char.integrations.lm_eval.model  # noqa: F401  registers it

        from lm_eval.__main__ import cli_evaluate  # isort: skip

        cli_evaluate()
    except GaincellError as error:
        print(f"gaincell: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
