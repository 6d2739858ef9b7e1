"""Who may come in: logins, bans, doors, and the files behind them."""
