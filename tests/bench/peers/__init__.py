"""What others would have been taken for: tables that only the benchmarks have."""
