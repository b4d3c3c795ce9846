"""The makers of these cases are scripts, not tests."""

collect_ignore_glob = ["make_*.py", "reference*.py", "compare.py"]
