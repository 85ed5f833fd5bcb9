"""The local stack: one command that brings PostgreSQL and Valkey from wheels and runs the product on them.

It needs the standard library only and knows the apps by their command lines, never by import: it has to say
one clear line when they cannot even be loaded.
"""
