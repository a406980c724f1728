"""What Phasegate costs, beside a peer, in one run, as a ratio. No part of the tests."""
