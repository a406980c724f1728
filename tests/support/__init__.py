"""What tests share: honest runs to spoil."""
