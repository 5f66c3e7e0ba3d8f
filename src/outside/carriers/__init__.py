"""Stand-ins for carriers: one server that speaks each documented protocol below a path of its own.

/sandbox is our own. /sf, /cainiao, /fourpx, /yunexpress and /goodcang check signatures, clocks and keys as the real
ones say they do. /ups speaks the part of UPS' REST interface that karrio uses. All keep their orders in memory, give
the same waybill for the same reference, and misbehave to order (mischief.py).
"""
