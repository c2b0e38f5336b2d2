"""The cases of the project: each row on a real node and a real venue, with the right end."""
