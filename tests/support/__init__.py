"""What tests share: the real daemon, a blocking client, faces, a room in memory."""
