"""This library beside its peers: what they take of a link, of a processor and of memory.

A package of its own so that its parts can import each other; `scripts/bench` runs it. It uses the
public names of `storage_stream` only. docs/benchmarks.md says how it is measured.
"""
