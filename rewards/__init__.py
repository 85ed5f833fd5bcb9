"""What play earns: settlement and claims. On top of the other apps, so also home of what needs them all."""
