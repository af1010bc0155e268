"""Errors that this package raises on purpose.

* NapariSamError
  + PromptError (ValueError)
    + PromptOutsideImageError
  + ImageError (ValueError)
    + AxesError
    + NotAnImageError
  + MissingFileError (FileNotFoundError)
  + NotWrittenError (OSError)
  + MissingPackageError (ImportError)
  + SettingError (ValueError)
  + ModelError
    + UnknownModelError (LookupError)
    + CheckpointError (ValueError)
  + StoreError (ValueError)
    + StoreMismatchError
  + JobError (RuntimeError)
  + SessionError (ValueError)
  + TrackError (ValueError)
  + TrainingError (ValueError)
"""


class NapariSamError(Exception):
    """Base class: catch this to catch anything napari-sam raises on purpose."""


class PromptError(NapariSamError, ValueError):
    """The prompts cannot be decoded; the message says what to change."""


class PromptOutsideImageError(PromptError):
    """A prompt lies outside the plane."""


class ImageError(NapariSamError, ValueError):
    """The image cannot be used as it is; the message says what to change."""


class AxesError(ImageError):
    """The letters do not describe the array, or an axis must be named."""


class NotAnImageError(ImageError):
    """The image given holds no pixels."""


class MissingFileError(NapariSamError, FileNotFoundError):
    """There is no file of that name."""


class NotWrittenError(NapariSamError, OSError):
    """Something was not written to a file; the message says why."""


class MissingPackageError(NapariSamError, ImportError):
    """A package that is only needed for this is not installed."""


class SettingError(NapariSamError, ValueError):
    """A setting has a value outside of its range; the message says which it takes."""


class ModelError(NapariSamError):
    """Something is wrong with a model."""


class UnknownModelError(ModelError, LookupError):
    """No installed package offers a model of that name."""


class CheckpointError(ModelError, ValueError):
    """The weights are missing, broken, or belong to another model."""


class StoreError(NapariSamError, ValueError):
    """A store of embeddings cannot be used in this way; the message says why."""


class StoreMismatchError(StoreError):
    """What is there is no store of embeddings, or one of a later version."""


class JobError(NapariSamError, RuntimeError):
    """Jobs cannot be run with these settings; the message says why."""


class SessionError(NapariSamError, ValueError):
    """Something cannot be done to the objects of a session; the message says why."""


class TrackError(NapariSamError, ValueError):
    """Tracks cannot be made or changed in this way; the message says why."""


class TrainingError(NapariSamError, ValueError):
    """A training run cannot be made with these settings; the message says why."""
