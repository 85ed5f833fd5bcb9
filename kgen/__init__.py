"""The floor of the product: settings, errors, API plumbing, and what every app stands on."""
