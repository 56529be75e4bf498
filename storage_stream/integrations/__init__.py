"""Other people's interfaces on our client, and theirs for it; each needs an extra of its own."""
