#!/usr/bin/env bash
# Build, sign and notarize hotfolder for macOS, on a Mac: packaging/macos/release.sh. The result is dist/hotfolder-<version>-<arch>.dmg.
#
#   HOTFOLDER_SIGN_AS     the identity to sign with, "Developer ID Application: NAME (TEAM)"; without it the app is signed ad hoc,
#                         works on this Mac only, and is not notarized
#   HOTFOLDER_NOTARY      the profile of `xcrun notarytool store-credentials`; without it nothing is sent to Apple
#   PYTHON                the Python of an environment with the dev group (.venv/bin/python)
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(uname)" = Darwin ] || { echo "This needs a Mac." >&2; exit 1; }
python=${PYTHON:-.venv/bin/python}
version=$("$python" -c 'import hotfolder; print(hotfolder.__version__)')
app=dist/hotfolder.app
image=dist/hotfolder-$version-$(uname -m).dmg

# 1. Build. The recipe signs every library in the app, with the hardened runtime and our entitlements.
"$python" -m PyInstaller --noconfirm packaging/hotfolder.spec

# 2. Look at what was built: it starts, it has no icon in the Dock, and its signature holds.
[ "$("$app/Contents/MacOS/hotfolder" --version)" = "hotfolder $version" ]
[ "$(plutil -extract LSUIElement raw "$app/Contents/Info.plist")" = true ]
codesign --verify --deep --strict --verbose=2 "$app"
"$app/Contents/MacOS/hotfolder" demo

# 3. A disk image with the app and the way to Applications.
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
ditto "$app" "$stage/hotfolder.app"
ln -s /Applications "$stage/Applications"
rm -f "$image"
hdiutil create -volname hotfolder -srcfolder "$stage" -format UDZO -fs HFS+ "$image"

# 4. Sign the image, have Apple look at it, and staple the answer to it, so that it opens without a network.
if [ -n "${HOTFOLDER_SIGN_AS:-}" ]; then
  codesign --sign "$HOTFOLDER_SIGN_AS" --timestamp "$image"
  if [ -n "${HOTFOLDER_NOTARY:-}" ]; then
    xcrun notarytool submit "$image" --keychain-profile "$HOTFOLDER_NOTARY" --wait
    xcrun stapler staple "$image"
    spctl --assess --type open --context context:primary-signature --verbose=2 "$image"
  fi
fi
echo "$image"
