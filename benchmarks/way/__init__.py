"""The way of one order from `submit_order` to `on_order_accepted`, beside Nautilus 2's client."""
