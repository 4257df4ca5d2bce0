"""Energy-use forecasting: load and weather series in, calibrated probabilistic forecasts out."""
