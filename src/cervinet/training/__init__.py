"""Fitting a network and keeping what it learnt."""
