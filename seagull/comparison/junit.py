"""Comparisons as JUnit XML: each photo and each gate is a test case.

A photo that is worse or much worse is a failure only if a gate failed: whether a change for the
worse breaks a build is what the gates say. A photo that could not be compared is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from seagull.comparison.gates import GateResult
from seagull.comparison.results import PairResult
from seagull.reports.text import printable

SUITE = "seagull compare"


def junit_xml(
    results: Sequence[PairResult],
    gates: Sequence[GateResult] = (),
    problems: Sequence[str] = (),
) -> str:
    """The results as JUnit XML text.

    Args:
        results: all of them.
        gates: what became of the limits.
        problems: one line for each photo that could not be compared.
    """
    broken = any(not one.passed for one in gates)
    suite = ElementTree.Element("testsuite", name=SUITE)
    for gate in gates:
        case = _case(suite, "gates", gate.name)
        if gate.passed:
            ElementTree.SubElement(case, "system-out").text = printable(gate.text)
        else:
            _child(case, "failure", gate.text)
    for one in results:
        case = _case(suite, "photos", one.after)
        if broken and one.change.verdict.is_worse:
            _child(case, "failure", one.headline)
        else:
            ElementTree.SubElement(case, "system-out").text = printable(one.headline)
    for line in problems:
        _child(_case(suite, "not compared", line), "error", line)
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suite.set(name, str(sum(1 for _ in suite.iter(tag))))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    attributes = {"classname": f"{SUITE}.{group}", "name": printable(name)}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _child(case: ElementTree.Element, tag: str, text: str) -> None:
    child = ElementTree.SubElement(case, tag, message=printable(text))
    child.text = printable(text)
