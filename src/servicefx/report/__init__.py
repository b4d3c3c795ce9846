"""Answers to pages: words, tables, figures, one page, the manifest, and comparing it with its rebuild."""
