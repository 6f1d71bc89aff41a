"""Everything that changes a return, one module per part of its life."""
