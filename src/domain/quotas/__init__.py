"""Quotas: how much one account may keep."""
