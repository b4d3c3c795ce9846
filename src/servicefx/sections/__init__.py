"""Answers shaped into pages: each module takes a study and gives one section of the report, or None."""
