"""One reader a format: each is a function that runs in the child, `read(source, **options) -> Parcel`."""
