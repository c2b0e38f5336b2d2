"""
Lighter on the wire.

What lives here: codes, schemas, transactions, the REST client, the stream, the signer. Nothing here
knows the nonce core or a Nautilus object, so that each file can be read beside Lighter's own
documentation.
"""
