"""The rules of the wire, without a wire.

Everything here is a value or a function of values: no asyncio, no sockets, no clock, no
randomness, no environment. That is what lets its rules be driven through thousands of fault
sequences in a test, and lets any transport carry them.
"""
