"""Everything that touches a socket, a clock or a credential, behind small protocols."""
