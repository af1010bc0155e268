"""Gaps, divisions and merges: what the ends of chains have to do with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.tracking.linking.assignment import assign
from napari_sam.tracking.linking.chains import NONE
from napari_sam.tracking.linking.nearness import near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.tracking.linking.chains import Chains
    from napari_sam.tracking.linking.settings import LinkSettings

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

#: What a division or a merge costs beside its distances: an object that comes back
#: after a gap is the likelier of two events that fit as well.
_RARE = 0.25
#: What a change of area by a factor of e costs over a gap.
_UNLIKE = 0.25
#: Cost at which an end stays an end.
_NOTHING = 1.0 + _RARE
#: Largest area of the smaller daughter, as a share of her mother's: each is a half.
_HALF = 0.75
#: Times that a daughter is to be there, if the movie lasts so long.
_LASTING = 2


class CandidateEvents(NamedTuple):
    """Pairs of rows of `Chains` that may be one event, and their costs."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    costs: NDArray[np.float64]

    def where(self, good: NDArray[np.bool_]) -> CandidateEvents:
        """Return the events that are marked True."""
        return CandidateEvents(self.first[good], self.second[good], self.costs[good])


def events(chains: Chains, settings: LinkSettings, reach: float) -> list[Pairs]:
    """Return the pairs of rows by which chains go on, divide and merge.

    All are chosen together: an end goes on over a gap or merges, and a start is that
    of an object that was missed, or of a daughter.

    Parameters
    ----------
    chains
        Objects of all times.
    settings
        Which events there are.
    reach
        The largest distance, in pixels.
    """
    gaps = _gaps(chains, settings.max_gap, reach)
    divisions = _divisions(chains, settings, reach)
    merges = _merges(chains, settings, reach)
    count = len(chains.times)  # an inner row is its own number plus this
    rows = np.concatenate([gaps.first, count + divisions.first, merges.first])
    columns = np.concatenate([gaps.second, divisions.second, count + merges.second])
    costs = np.concatenate([gaps.costs, divisions.costs, merges.costs])
    chosen = assign(rows, columns, costs, _NOTHING)
    first, second = rows[chosen], columns[chosen]
    mothers = first[first >= count] - count
    into = np.where(second >= count, chains.before[second % count], NONE)
    both = np.isin(into, mothers)  # what divides does not merge over the same link
    return [(first[~both] % count, second[~both] % count)]


def _gaps(chains: Chains, longest: int, reach: float) -> CandidateEvents:
    """Return ends and later starts that may be one object, missed between."""
    ends, starts = chains.ends, chains.starts
    found = _near(chains, ends, starts, reach)
    missed = chains.times[found.second] - chains.times[found.first] - 1
    larger = np.abs(np.log(chains.areas[found.second] / chains.areas[found.first]))
    costs = (found.costs / reach) ** 2 + _UNLIKE * larger
    return found._replace(costs=costs).where((missed > 0) & (missed <= longest))


def _divisions(chains: Chains, settings: LinkSettings, reach: float) -> CandidateEvents:
    """Return inner rows, as mothers, and starts that may be their second daughters.

    Two daughters are of like size, and together not much larger than their mother was
    before she rounded up; they lie on either side of her, and stay.
    """
    inner = chains.inner if settings.divisions else chains.inner[:0]
    found = _near(chains, inner, chains.starts, reach)
    found = found.where(chains.times[found.second] == chains.times[found.first] + 1)
    mother, sister = found.first, chains.after[found.first]
    before = np.where(chains.before[mother] == NONE, mother, chains.before[mother])
    size = np.maximum(chains.areas[mother], chains.areas[before])
    areas = np.stack([chains.areas[sister], chains.areas[found.second]])
    good = areas.min(axis=0) >= settings.daughter_area * size
    good &= areas.min(axis=0) <= _HALF * size
    good &= areas.min(axis=0) >= settings.sister_area * areas.max(axis=0)
    good &= chains.last(sister, _LASTING) & chains.last(found.second, _LASTING)
    places = chains.places
    middle = (places[sister] + places[found.second]) / 2
    aside = np.linalg.norm(middle - places[mother], axis=1)
    costs = ((found.costs / reach) ** 2 + (2 * aside / reach) ** 2) / 2 + _RARE
    return found._replace(costs=costs).where(good)


def _merges(chains: Chains, settings: LinkSettings, reach: float) -> CandidateEvents:
    """Return ends, and inner rows of the next time that they may merge into."""
    into = np.flatnonzero(chains.before != NONE) if settings.merges else chains.ends[:0]
    found = _near(chains, chains.ends, into, reach)
    found = found.where(chains.times[found.second] == chains.times[found.first] + 1)
    return found._replace(costs=(found.costs / reach) ** 2 + _RARE)


def _near(
    chains: Chains, first: NDArray[np.int64], second: NDArray[np.int64], reach: float
) -> CandidateEvents:
    """Return rows that are near each other; their distances stand for the costs."""
    i, j, far = near(chains.places[first], chains.places[second], reach)
    return CandidateEvents(first[i], second[j], far)
