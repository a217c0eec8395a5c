"""What every room may use: texts, files that are replaced whole, threads, progress, the cache folder."""
