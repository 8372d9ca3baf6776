"""May they ask once more? The one door for every way to ask: rates, budget, and answers at once."""

from chat.store.asking import Admit
from chat.store.people import Person
from chat.web.house import house


def admission(person: Person) -> Admit:
    """Count a question of this person; give what the transaction that asks has to check besides.

    Raises RateLimited; what it gives raises BudgetUsedUp and TooManyAnswers.
    """
    made = house()
    made.rates.count_question(person.id)
    return made.budgets.admit
