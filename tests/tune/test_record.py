"""What a search writes: few transactions, whatever the number of settings, and what is there already stays."""

import optuna
from sqlalchemy import event
from sqlalchemy.engine import Engine

from engine.tune.evaluation import Evaluation, Failure, Stopped
from engine.tune.record import begin, write_result, write_settings
from engine.tune.space.parameter import Parameter

SPACE = [Parameter(f"rules.key_{k}", low=0.0, high=1.0) for k in range(9)]
PLANNED = {parameter.path: 0.125 * k for k, parameter in enumerate(SPACE)}


def study_at(path, storage=True):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(storage=f"sqlite:///{path}" if storage else None, direction="maximize")


def distributions(space):
    return {parameter.path: parameter.distribution() for parameter in space}


def writes_of(study, space):
    """Transactions that wrote something, of one whole trial."""
    wrote, transactions = [], []

    def executing(connection, cursor, statement, *_):
        if statement.split()[0] in ("INSERT", "UPDATE"):
            wrote.append(statement)

    def committing(_):
        if wrote:
            transactions.append(len(wrote))
        wrote.clear()

    event.listen(Engine, "before_cursor_execute", executing)
    event.listen(Engine, "commit", committing)
    try:
        trial = begin(study, "me")
        write_settings(study, trial, distributions(space), PLANNED)
        assert write_result(study, trial, Evaluation(1.0, {"a": 2}))
    finally:
        event.remove(Engine, "before_cursor_execute", executing)
        event.remove(Engine, "commit", committing)
    return len(transactions)


def test_nine_settings_cost_no_more_transactions_than_one(tmp_path):
    study = study_at(tmp_path / "a.db")
    assert writes_of(study, SPACE) == writes_of(study, SPACE[:1]) == 4


def test_a_trial_reads_back_as_it_was_written_in_memory_and_in_a_database(tmp_path):
    for study in (study_at(None, storage=False), study_at(tmp_path / "a.db")):
        for result in (Evaluation(0.5, {"a": 2}), Failure("no rows"), Stopped((0.1, 0.2))):
            trial = begin(study, "me")
            assert write_settings(study, trial, distributions(SPACE), PLANNED) == PLANNED
            assert write_result(study, trial, result)
            assert not write_result(study, trial, result)  # somebody was faster
        told = [(t.state.name, t.value, t.params, t.user_attrs) for t in study.get_trials()]
        assert told == [
            ("COMPLETE", 0.5, PLANNED, {"owner": "me", "facts": {"a": 2}}),
            ("FAIL", None, PLANNED, {"owner": "me", "facts": {"reason": "no rows"}}),
            ("PRUNED", None, PLANNED, {"owner": "me", "facts": {"fold_scores": [0.1, 0.2]}}),
        ]


def test_settings_that_are_there_or_fixed_by_who_queued_the_trial_stay(tmp_path):
    study, (one, two, *_) = study_at(tmp_path / "a.db"), SPACE
    study.enqueue_trial({two.path: 0.75})
    asked = study.ask()
    asked.suggest_float(one.path, 0.0, 1.0)
    trial = study.get_trials()[0]
    kept = trial.params[one.path]
    written = write_settings(study, trial, distributions(SPACE), PLANNED)
    assert written == PLANNED | {one.path: kept, two.path: 0.75}
    assert study.get_trials()[0].params == written
