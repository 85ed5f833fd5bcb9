"""Withdrawals: the queue with decisions on many, and one withdrawal with decisions on it."""

from console.withdrawals import queue, withdrawal

__all__ = ["queue", "withdrawal"]
