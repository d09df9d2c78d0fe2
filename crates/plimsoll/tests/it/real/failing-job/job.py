"""Copies from where SOURCE says."""

import os
import sys

source = os.environ.get("SOURCE")
if not source:
    print("job: SOURCE is not set: say where to copy from", file=sys.stderr)
    sys.exit(3)
print(f"copying from {source}")
