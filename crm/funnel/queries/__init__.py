"""What others may read of the funnel."""
