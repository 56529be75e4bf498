"""What is measured against: processes on a core of their own, cheap beside any client."""
