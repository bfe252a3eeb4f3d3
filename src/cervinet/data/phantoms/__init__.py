"""Synthetic cervix photographs: drawn by a program, of no patient."""
