"""What data must look like, reading it, checking it. The only room that opens a user's files."""
