"""report.html: one file that opens offline."""
