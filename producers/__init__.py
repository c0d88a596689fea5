"""What an application imports to send events; light: no faust, no numpy."""
