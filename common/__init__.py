"""What every pilot stands on: errors, intake, store, jobs, calibration, the training core and the CLI."""
