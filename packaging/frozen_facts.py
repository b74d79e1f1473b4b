"""What the frozen program tells its system about itself: macOS' Info.plist, and the version resource of Windows."""

from __future__ import annotations

from collections.abc import Mapping

FOLDERS_OF_MACOS: Mapping[str, str] = {
    "NSDesktopFolderUsageDescription": "on the desktop",
    "NSDocumentsFolderUsageDescription": "in Documents",
    "NSDownloadsFolderUsageDescription": "in Downloads",
    "NSRemovableVolumesUsageDescription": "on this drive",
    "NSNetworkVolumesUsageDescription": "on this network drive",
}
"""macOS asks before a program may read there, and shows our reason."""

INFO_PLIST: Mapping[str, object] = {
    "LSUIElement": True,  # an icon in the menu bar, none in the Dock
    "LSBackgroundOnly": False,  # which PyInstaller would set, since the program can speak to a terminal too
    "LSMinimumSystemVersion": "11.0",
    "LSApplicationCategoryType": "public.app-category.photography",
    "NSHighResolutionCapable": True,
    "NSHumanReadableCopyright": "Apache-2.0",
    **{
        key: f"One of your hot folders lies {place}: hotfolder reads the images there, or puts the results there."
        for key, place in FOLDERS_OF_MACOS.items()
    },
}


def version_resource(version: str) -> str:
    """The text that PyInstaller reads as the version resource of an .exe."""
    numbers = [int(part) for part in version.split(".")]
    four = tuple([*numbers, 0, 0, 0, 0][:4])
    strings = {
        "FileDescription": "hotfolder",
        "FileVersion": version,
        "InternalName": "hotfolder",
        "LegalCopyright": "Apache-2.0",
        "ProductName": "hotfolder",
        "ProductVersion": version,
    }
    table = ", ".join(f"StringStruct({key!r}, {value!r})" for key, value in strings.items())
    return f"""\
VSVersionInfo(
  ffi=FixedFileInfo(
    filevers={four}, prodvers={four}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1, subtype=0x0, date=(0, 0)
  ),
  kids=[
    StringFileInfo([StringTable("040904B0", [{table}])]),
    VarFileInfo([VarStruct("Translation", [1033, 1200])]),
  ],
)
"""
