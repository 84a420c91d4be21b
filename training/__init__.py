"""Makes the small learned files that the package ships. Each module is a command."""
