"""`python -m emlmpy` is the command emlmpy."""

import sys

from emlmpy.cli import main

if __name__ == "__main__":
    sys.exit(main())
