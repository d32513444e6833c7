"""``python -m mcomp``: the same program as ``mcomp``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
