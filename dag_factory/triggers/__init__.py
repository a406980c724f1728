"""What runs in the triggerer: a gate that waits for evidence from outside, holding no slot."""
