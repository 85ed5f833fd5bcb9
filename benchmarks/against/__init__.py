"""This tree beside another revision of it: both run at once, and are measured in turn."""
