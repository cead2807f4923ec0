"""Waiting for one's turn, on asyncio's event loop."""
