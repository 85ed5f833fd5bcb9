"""What the console's templates may load."""
