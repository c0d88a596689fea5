"""Every sink against every promise, on the real parts."""
