"""The page's modules, joined into one file."""

import pytest

from broadcast.web.modules import UnknownFormError, join


def test_modules_are_joined_in_order() -> None:
    """A module comes once, after all that it imports; its own names stay its own."""
    modules = {
        "main.js": (
            'import { a } from "./a.js";\nimport { b } from "./b.js";\nrun(a, b);\n'
        ),
        "a.js": 'import {\n  b,\n} from "./b.js";\nexport const a = b;\n',
        "b.js": "const mine = 1;\nexport function b() {}\nexport class C {}\n",
        "unused.js": "export const d = 1;\n",
    }
    assert join(modules, "main.js") == (
        "const $b_js = (() => {\nconst mine = 1;\nfunction b() {}\nclass C {}\n"
        "return { b, C };\n})();\n"
        "const $a_js = (() => {\nconst { b } = $b_js;\nconst a = b;\n"
        "return { a };\n})();\n"
        "const $main_js = (() => {\nconst { a } = $a_js;\nconst { b } = $b_js;\n"
        "run(a, b);\nreturn {  };\n})();\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        'import a from "./a.js";\n',
        'import * as a from "./a.js";\n',
        'import "./a.js";\n',
        "export default 1;\n",
        "export { a };\n",
        'import { a } from "./main.js";\n',
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    """What can't be joined is found when the daemon starts, not in a browser."""
    with pytest.raises(UnknownFormError):
        join({"main.js": text}, "main.js")


def test_a_module_that_is_missing_is_found() -> None:
    """An import of no file is an error at once."""
    with pytest.raises(KeyError):
        join({"main.js": 'import { a } from "./gone.js";\n'}, "main.js")
