"""Everything at once, for long, while things break; and at the end all is accounted for.

`scripts/soak` runs it; docs/soak.md says what it does and what it has found.
"""
