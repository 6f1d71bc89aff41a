"""The embedded default: a private PostgreSQL, broker and mail catcher beside the product.

Nothing here is imported by the product, and nothing here imports Django: this package starts
programs, waits for them and stops them. Production uses real servers; docs/operations.md.
"""
