#!lua flags=allow-oom
-- Prefix of the scripts that archiving needs: they also run when Redis has no free memory, because they free it.
