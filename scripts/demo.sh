#!/usr/bin/env bash
# Install napari-sam and run its main job once: prompts on a real image, masks, a picture.
#
#   ./scripts/demo.sh [PICTURE]     (default: demo.png beside the README)

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

picture=${1:-$ROOT/demo.png}
install_project base

say "napari-sam demo"
"$VENV/bin/napari-sam" demo --output "$picture"
[ -s "$picture" ] || fail "The demo ended without a picture in $picture"

say "The picture is in $picture
   To go on:  source $VENV/bin/activate  and then  napari-sam --help"
