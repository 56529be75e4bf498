"""The demonstration: real data, a real emulator process, a connection cut on purpose, and a report.

It uses the public names only, as any program would; nothing of the package depends on it. Who
wants to see how a thing is done finds it in `journeys`.
"""
