"""PostgreSQL and SQLite through SQLAlchemy.

The tables are declared once, and every statement is written once with SQLAlchemy Core. There is no session and no unit
of work of an ORM at run time: ``database`` executes the statements, compiled once and straight on asyncpg's pool
or on connections of the standard library's driver for SQLite.
"""
