"""The only writers of refunds and store credit: one function per change."""
