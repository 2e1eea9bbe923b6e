"""What a search may claim: how good its best looks by luck, whether the neighbourhood agrees, and the config it writes."""
