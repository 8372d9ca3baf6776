"""A yardstick for likeness: pairs that belong together, by which a model shows what its numbers mean.

How alike texts are that have nothing in common differs from model to model: so each can be asked for the
vectors of a few questions, and of the passages that answer them.
"""

from typing import NamedTuple

import numpy as np

from chat.core.likeness import Rows

# About twelve things, in five languages; no two of them have anything to do with each other.
PAIRS = (
    (
        "How often do I have to replace the filter of the washing machine?",
        "The lint filter is cleaned once a month and replaced after two years. Switch it off and let "
        "the rest of the water run out before you open the flap.",
    ),
    (
        "When was the town's railway station opened?",
        "The station was opened in 1874, when the line along the coast reached the town. The present one "
        "with its two platforms dates from 1931.",
    ),
    (
        "May I take my dog along on the trip?",
        "Pets up to eight kilograms travel in the cabin in a closed bag. Larger ones have to be registered "
        "two days before departure and pay half the fare.",
    ),
    (
        "Which vitamin keeps sailors from getting scurvy?",
        "Scurvy comes from a lack of ascorbic acid. After lemons were carried on board, the disease vanished "
        "from the long voyages within a few years.",
    ),
    (
        "What does the contract say about working from home?",
        "Employees may do their job remotely on up to three days a week. What the internet connection costs "
        "is refunded with a lump sum of twenty euros a month.",
    ),
    (
        "Why does the program print an error when the list is empty?",
        "The function divides the sum by the number of items. Called without any item it raises a "
        "ZeroDivisionError; pass a default value to avoid that.",
    ),
    (
        "Wie lange muss der Teig im Kühlschrank ruhen?",
        "Mehl, Butter und Zucker rasch verkneten, in Folie wickeln und eine Stunde kalt stellen. Danach dünn "
        "ausrollen und bei 180 Grad goldgelb backen.",
    ),
    (
        "Wer bekommt einen Zuschuss für die neue Heizung?",
        "Eigentümer, die eine Wärmepumpe einbauen lassen, erhalten bis zu 40 Prozent der Kosten erstattet. "
        "Der Antrag ist vor Beginn der Arbeiten zu stellen.",
    ),
    (
        "Quel âge avait la pianiste lors de son premier concert ?",
        "Elle n'avait que neuf ans quand elle se produisit pour la première fois en public, devant une salle "
        "comble, avec un concerto de Mozart.",
    ),
    (
        "Comment soigner une plante dont les feuilles jaunissent ?",
        "Des feuilles jaunes viennent souvent d'un excès d'arrosage. Laissez sécher la terre, puis donnez un "
        "peu d'engrais et plus de lumière.",
    ),
    (
        "¿Cuántos habitantes tiene la isla en invierno?",
        "Fuera de temporada viven en la isla unas seiscientas personas; en agosto, con los turistas, su "
        "población se multiplica por diez.",
    ),
    (
        "Perché i gatti fanno le fusa?",
        "Il micio produce quel suono facendo vibrare la laringe. Di solito è segno di benessere, ma può "
        "servire anche a calmarsi quando prova dolore.",
    ),
)  # fmt: skip
TEXTS = tuple(question for question, _ in PAIRS) + tuple(passage for _, passage in PAIRS)


class Measured(NamedTuple):
    """What a model's likeness means, from -1 to 1."""

    apart: float  # of a question and a passage that have nothing in common, at most
    together: float  # of a question and the passage that answers it, at least


def measured(rows: Rows) -> Measured:
    """Measure a model by its vectors of TEXTS, in their order."""
    likeness = rows[: len(PAIRS)] @ rows[len(PAIRS) :].T
    others = likeness[~np.eye(len(PAIRS), dtype=bool)]
    return Measured(float(others.max()), float(likeness.diagonal().min()))
