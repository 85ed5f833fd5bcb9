"""The whole product: a package, so that the stack that these tests share ends with them and not with the run."""
