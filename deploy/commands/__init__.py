"""One file a command; each has `register(app)`, which adds it to the command line.

A command file may import what it needs at its top: only the file of the command that was asked
for is loaded. It takes `--data` as `deploy.context.DataDir` and finds its stack by
`deploy.context.settings_for(data)`; it raises FeedloopError for what the user must know, and
`typer.Exit(code)` for any other exit code.
"""
