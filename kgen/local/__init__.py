"""The local stack: one command that runs the product on a PostgreSQL and a Valkey from wheels.

It imports the standard library and `kgen.environment` only, and knows the apps by their command lines: it must print
one clear line when they cannot even be imported.
"""
