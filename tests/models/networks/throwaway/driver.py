"""Runs the app with one family more: its file is put beside the others, and nothing else knows of it.

Prints what went wrong, one line each; nothing where all is well.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path

HERE = Path(__file__).parent
NAME = "models.networks.families"


def add_the_family() -> None:
    """As if the file had been written into the folder of families."""
    spec = find_spec(NAME)
    assert spec is not None and spec.loader is not None and spec.submodule_search_locations is not None
    spec.submodule_search_locations.append(str(HERE / "families"))
    sys.modules[NAME] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])


def main() -> None:
    """The registry, one recorded run, a map of a class, and every page of the app."""
    add_the_family()
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.testing.v1 import AppTest

    from analysis import grad_cam, top_answers
    from models import REGISTRY, decode_image, load_model, trace
    from ui.session.pages import EXPLORE, file_of

    assert {"alexnet", "alexnet_untrained"} <= set(REGISTRY), "not offered"
    assert next(iter(REGISTRY)) == "resnet18_distilled", "what is bundled stands first"
    loaded = load_model("alexnet_untrained", "cpu")
    record = trace(loaded, decode_image((HERE.parents[3] / "assets/samples/cat.jpg").read_bytes()))
    assert len(top_answers(record.probabilities, loaded.categories)) == 5
    assert grad_cam(loaded, record).shape == (6, 6)
    assert loaded.role == "convolution"
    PagesManager.uses_pages_directory = False
    for page in ("", *EXPLORE, "models"):
        app = AppTest.from_file(str(HERE.parents[3] / "app.py"), default_timeout=300)
        app.query_params.update({"left": "alexnet_untrained"})
        if page:
            app.switch_page(file_of(page))
        app.run()
        for problem in (*app.exception, *app.error):
            print(f"{page or 'side by side'}: {problem.value}")


if __name__ == "__main__":
    main()
