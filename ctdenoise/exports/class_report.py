"""The report of a class as one HTML file: answers as bars, runs as a table; no script, nothing from
elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ctdenoise.exports.answer_charts import bars, curves, dots
from ctdenoise.exports.report_html import page
from ctdenoise.lessons.model import Answer, Choice, Click, Slider
from ctdenoise.lessons.tally import Ask, places
from ctdenoise.lessons.tally import bars as counted_bars
from ctdenoise.units import counted

Row = tuple[str, str, str, str]
"""Of a run: whose, its name, its state, its figures."""
COLORS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("none", "8 4", "2 4", "8 4 2 4")
MOST_CURVES = 16
"""More could not be told apart."""


@dataclass(frozen=True)
class Question:
    """A question and its answers, round by round."""

    ask: Ask
    rounds: Sequence[Sequence[Answer]]


def html(
    *,
    title: str,
    made: str,
    questions: Sequence[Question],
    runs: Sequence[Row],
    curves: Sequence[tuple[str, Sequence[tuple[float, float]]]],
) -> str:
    """The whole page; every word of others is text in it, never markup."""
    asked = "".join(map(_question, questions)) or "<p>Nobody has answered anything.</p>"
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in runs
    )
    table = (
        "<table><tr><th>Learner</th><th>Run</th><th>State</th><th>Figures of its progress slice"
        f"</th></tr>{rows}</table>"
        if runs
        else "<p>Nobody has trained anything.</p>"
    )
    body = f"""<h2>Answers</h2>
<p class="note">The first bar of an answer is the first vote, the second one that after the
discussion. ✓ marks what is right.</p>
{asked}
<h2>Runs</h2>
{table}
{_curves(curves)}"""
    return page(title, made, body, "h3 { font-size: 1rem; margin: 1.5rem 0 0 }")


def _question(question: Question) -> str:
    people = max(map(len, question.rounds))
    head = (
        f"<h3>{escape(question.ask.question)}</h3><p class='note'>{counted(people, 'answer')}</p>"
    )
    if isinstance(question.ask, Choice | Slider):
        ask = question.ask
        return head + bars([counted_bars(ask, values) for values in question.rounds], right=True)
    values = question.rounds[-1]
    if isinstance(question.ask, Click):
        return head + dots(places(values))
    return f"{head}<ul>{''.join(f'<li>{escape(str(value))}</li>' for value in values)}</ul>"


def _curves(named: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> str:
    drawn = curves(
        [
            (name, COLORS[number % 4], DASHES[number // 4 % 4], points)
            for number, (name, points) in enumerate(named[:MOST_CURVES])
        ],
        "PSNR (dB) of the progress slice",
    )
    left = len(named) - MOST_CURVES
    note = f"<p class='note'>{counted(left, 'more run')} not drawn.</p>" if left > 0 else ""
    return f"<h2>Curves</h2>{drawn}{note}" if drawn else ""
