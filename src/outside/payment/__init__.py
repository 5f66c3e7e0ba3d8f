"""The sandbox payment provider: intents, a page to pay on, refunds, signed webhooks. No real money moves.

Any key that starts with `sk_test_` is an account of its own; its webhooks are signed with `whsec_test_` and the rest
of the key. A signature is `t=<unix seconds>,v1=<hex>` in the header Sandbox-Signature: HMAC-SHA256 over `<t>.<body>`.
"""
