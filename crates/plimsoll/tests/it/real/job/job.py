"""Adds the numbers up to the one it is given."""

import sys

limit = int(sys.argv[1]) if len(sys.argv) > 1 else sys.exit("how far?")
print(sum(range(limit + 1)))
