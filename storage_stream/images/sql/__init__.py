"""The database: how it is reached, its tables, and what all services ask of them.

`database` has the connections, `schema` the tables, `migrations` their history; `queries` makes
lists and conditions of what callers ask, `records` is what the services have in common.
"""
