"""Oracles: every formula of the library a second time, slow and plain, from its definition.

Nothing here shares code with `dvae_course`. Loops stand where the library has tensors, mpmath's or
SciPy's quadrature where it has closed forms. Each test also writes out a mistake known from
published code and asserts that it would have been seen.
"""
