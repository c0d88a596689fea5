"""What starts it: the command line, the local stack, the demo. No other room imports this one."""
