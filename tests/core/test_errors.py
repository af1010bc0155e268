import builtins
import inspect

from napari_sam.core import errors


def test_every_error_is_one_of_ours_and_a_builtin():
    for name, error in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(error, errors.NapariSamError)
        builtin = {b for b in vars(builtins).values() if inspect.isclass(b)}
        if name not in ("NapariSamError", "ModelError"):
            assert set(error.__mro__) & builtin - {Exception, BaseException, object}


def test_messages_are_printed_as_they_were_written():
    for _, error in inspect.getmembers(errors, inspect.isclass):
        assert str(error("say what to do")) == "say what to do"
