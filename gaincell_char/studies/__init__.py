"""Questions asked of a network and its cells: many variants, adapted and evaluated, with one answer."""
