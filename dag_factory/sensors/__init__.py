"""What closes a phase: `dag_factory.sensors.gate.GateSensor`."""
