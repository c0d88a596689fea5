"""The real parts, started on this machine: Kafka, the registry, ClickHouse, every stage."""
