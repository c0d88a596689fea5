"""Nothing lost, nothing twice, whatever dies: the loop under faults, held against the truth."""
