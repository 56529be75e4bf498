"""The web page at `/_console`: what the emulator holds, hears and is armed with, for a person.

It stands beside the service: it is asked by the same HTTP requests as any client, and whatever it
needs beyond them (files, a safe look at objects, the log as it grows) is in here. Objects are
strangers: nothing of them is ever run in the page's origin.
"""
