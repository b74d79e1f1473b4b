"""Names and extensions: what AutoRetouch takes, what it cannot take, and what other programs leave behind.

All lower case, extensions without the dot. Sources: AutoRetouch's upload formats (JPEG, PNG, TIFF, WebP);
the makers' own RAW formats; the temporary and sidecar names that browsers, copy tools, Lightroom,
Capture One, DxO, darktable, RawTherapee, macOS, Windows and NAS systems are known to write.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IMAGES = _words("jpg jpeg jpe jfif png tif tiff webp")

_WHY_NOT = {
    "a RAW format": _words("""
        3fr ari arw bay cap cr2 cr3 crw dcr dcs dng drf eip erf fff gpr iiq k25 kdc mdc mef mos mrw nef nrw
        orf pef ptx pxn r3d raf raw rw2 rwl rwz sr2 srf srw x3f
    """),
    "a layered document": _words("psd psb xcf kra afphoto procreate clip"),
    "a phone or camera format": _words("heic heif hif avif avifs"),
    "a graphics format": _words("gif apng bmp dib ico icns tga pcx ppm pgm pbm pnm"),
    "a design document": _words("svg svgz eps ps pdf ai indd idml afdesign afpub cdr sketch fig"),
    "a special image format": _words("jp2 j2k jpf jpx jxl jxr hdr exr dpx cin"),
}

NOT_RETOUCHABLE = {extension: why for why, extensions in _WHY_NOT.items() for extension in extensions}
"""Extension → what it is, in words that fit after "CR2 is …"."""

MANY = {
    "a RAW format": "raw photos",
    "a layered document": "layered documents",
    "a phone or camera format": "photos of phones and cameras",
    "a graphics format": "graphics",
    "a design document": "design documents",
    "a special image format": "images of a special format",
}
"""What it is → what several of them are."""

PROGRAM_FOLDERS = _words("""
    captureone @eadir #recycle #snapshot ~snapshot snapshot~ @recycle @recently-snapshot @snapshot @sharesnap @sharebin @tmp
    $recycle.bin recycler recycled found.000 lost+found __macosx
""") | {
    "system volume information",
    "network trash folder",
    "temporary items",
    "thevolumesettingsfolder",
    "resource.frk",
}
"""Caches, recycle bins, and the snapshots that NAS systems (Synology, QNAP, NetApp) show inside a share."""

PROGRAM_FOLDER_EXTENSIONS = _words("lrdata lrcat-data cocatalog photoslibrary aplibrary migratedphotolibrary")

SYSTEM_FILES = _words("thumbs.db ehthumbs.db ehthumbs_vista.db desktop.ini") | {"icon\r"}

TRANSFERS = _words("tmp temp part partial crdownload download opdownload filepart aria2 !ut !qb")
"""Endings of what is still coming in, of files and of folders: Safari keeps an unfinished download in a folder."""

UNFINISHED = TRANSFERS | _words("bak lock lck")

SIDECARS = _words("""
    xmp cos cop cot cof comask dop pp3 arp aae thm vrd nksc nksx on1 lrtemplate lrsmcol lrcat lrcat-journal
    lrcat-wal lrcat-shm cosessiondb cocatalogdb oxmp rrdata
""")
