"""How often things were asked for, counted with the library ``limits``: in this process, or in Redis for all."""
