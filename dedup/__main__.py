"""The command `dedup`, and `python -m dedup`: whatever fails, even its start, is exit code 2."""

import os
import sys
import traceback

# Else Arrow, which Milvus Lite reads and writes with, keeps what it has freed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def main() -> None:
    """Run it; exit code 1 says that there are duplicates, and Python's for an error is 1 too."""
    try:
        from dedup._cli.main import main as command
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception:
        traceback.print_exc()
        sys.exit(2)
    command(prog_name="dedup")


if __name__ == "__main__":
    main()
