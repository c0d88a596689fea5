"""ClickHouse over HTTP on this machine: the real engine (chDB) behind ClickHouse's HTTP interface.

request ─► statement ─► engine ─► answer, or an error with ClickHouse's code and status
"""
