"""What the emulator keeps, and the rules by which it changes. It refuses to know HTTP."""
