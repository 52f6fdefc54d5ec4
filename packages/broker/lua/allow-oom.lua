#!lua flags=allow-oom
-- Opening of the scripts that archiving needs: they run without memory to spare as well, for they free it.
