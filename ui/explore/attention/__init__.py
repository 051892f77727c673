"""The attention page: maps and heads, one entry opened, heads against depth, norms of tokens."""
