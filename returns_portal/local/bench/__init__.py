"""`./bench`: what the product does per second, per statement and per megabyte on this machine.

``command`` starts the servers and drives everything; what needs the product's models runs in
steps of its own (``manage.py bench_step``), so that the driver stays small beside what it measures.
"""
