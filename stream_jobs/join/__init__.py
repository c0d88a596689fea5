"""Join: each signal meets the inference it is about; sessions end; windows are summed."""
