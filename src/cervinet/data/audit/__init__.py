"""What is wrong with a data set: every picture measured once, copies found, leaks and shortcuts named."""
