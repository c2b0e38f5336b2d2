"""What a command or a private frame means for an order."""
