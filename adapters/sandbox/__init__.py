"""Both remote systems as strict stand-ins over real HTTP, for rehearsals, demonstrations and tests."""
