"""`heartzone up`: the whole pipeline on one machine, as child processes of one command in the foreground."""
