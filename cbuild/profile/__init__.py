"""Text of a profile to resolved sections; pure: no engine, no network, no recipe code."""
