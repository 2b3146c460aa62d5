"""A prompt that stands alone: what the book's cross-references say, written out for a notebook.

In the class edition there is no book around the prompt. So an equation that it refers to comes
along, a link to the solution goes, and every other reference leaves its words.
"""

import re

SOLUTION_LINK = re.compile(r"\s*\{\w+\}`[^`<]*<?sol-[\w-]+>?`\.?")
EQUATION_REFERENCE = re.compile(r"\{eq\}`(?P<label>[\w-]+)`")
EQUATION = re.compile(r"\$\$(?P<body>(?:(?!\$\$).)*)\$\$ \((?P<label>[\w-]+)\)", re.DOTALL)
TITLED_ROLE = re.compile(r"\{[\w:]+\}`(?P<words>[^`<]+?)\s*<[^`>]+>`")
ROLE = re.compile(r"\{[\w:]+\}`(?P<words>[^`]+)`")


def standing_alone(prompt: str, chapter: str) -> str:
    """`prompt` without the book's roles, with the equations of `chapter` that it refers to."""
    prompt = SOLUTION_LINK.sub("", prompt)
    bodies = {
        equation["label"]: equation["body"].strip() for equation in EQUATION.finditer(chapter)
    }
    used = dict.fromkeys(m["label"] for m in EQUATION_REFERENCE.finditer(prompt))
    numbers = {label: i for i, label in enumerate((u for u in used if u in bodies), start=1)}
    for label, number in numbers.items():
        prompt = prompt.replace(f"{{eq}}`{label}`", f"({number})")
    prompt = ROLE.sub(r"\g<words>", TITLED_ROLE.sub(r"\g<words>", prompt))
    equations = [f"$$\n{bodies[label]} \\tag{{{n}}}\n$$" for label, n in numbers.items()]
    return "\n\n".join([prompt.strip(), *equations])
