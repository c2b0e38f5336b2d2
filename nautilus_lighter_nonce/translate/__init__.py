"""Nautilus' orders and Lighter's numbers, each said in the other's words; pure."""
