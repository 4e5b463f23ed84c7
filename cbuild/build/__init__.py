"""Building parts: sandbox, schedule, assemble."""
