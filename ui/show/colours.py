"""The identity colours of charts, for style sheets: one table, in `viz.frame`, decides them all."""

from __future__ import annotations

from viz.frame import POINT_COLOUR, ROLE_COLOURS


def properties(scope: str, prefix: str = "--") -> str:
    """A rule that names every identity colour, and that of the point, for all that lies in ``scope``."""
    colours = [*ROLE_COLOURS.items(), ("point", POINT_COLOUR)]
    named = " ".join(f"{prefix}{name}: {colour};" for name, colour in colours)
    return f"{scope} {{ {named} }}\n"


def of_components() -> str:
    """The same inside a component, where ``data-role`` says whose colour ``--own`` is."""
    owned = (f'[data-role="{role}"] {{ --own: var(--{role}); }}\n' for role in ROLE_COLOURS)
    return properties(":host") + "".join(owned)


def of_the_page() -> str:
    """The same on the page: names of networks, and what fills a bar."""
    rules = [properties(":root", "--sl-")]
    for role in ROLE_COLOURS:
        # Names are mixed with the text's own colour, so that they are readable on both grounds.
        rules.append(
            f".sl-{role}-text {{ color: color-mix(in srgb, var(--sl-{role}) 70%, currentColor); }}\n"
        )
        rules.append(f":is(.sl-bar-fill, .sl-sum-fill).sl-{role} {{ background: var(--sl-{role}); }}\n")
    return "".join(rules)
