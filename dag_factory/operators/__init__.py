"""What runs as tasks: PersonaOperator, and its small siblings kickoff, converge and complete."""
