"""Runs all scenarios (or those that are named) in one process, for the clients take seconds to import: a JSON line for each on stdout."""

import importlib
import json
import sys
import traceback

from scenarios import SCENARIOS

for client in ("openai", "litellm", "anthropic"):
    importlib.import_module(f"{client}_scenarios")

# Clients print, too: stdout is kept for the lines.
lines, sys.stdout = sys.stdout, sys.stderr
for name in sys.argv[1:] or SCENARIOS:
    try:
        line = {"scenario": name, "got": SCENARIOS[name]()}
    except Exception:
        line = {"scenario": name, "failed": traceback.format_exc()}
    print(json.dumps(line), file=lines, flush=True)
