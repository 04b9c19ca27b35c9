"""Documents fetched from web addresses, with bounds on all that a server decides."""
