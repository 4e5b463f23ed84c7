"""Sources: fetch, check, keep; mirrors by checksum."""
