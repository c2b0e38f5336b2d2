"""Tests of lighter-nonce-nt; the tree mirrors the package."""
