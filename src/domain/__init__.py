"""What a to-do service is, without saying how it is stored or served.

Nothing in here reads a clock, opens a connection or knows a status code: time, randomness and storage come in
through ports, so that every rule can be tried out with plain function calls.
"""
