"""Makers of small archives, among them hostile and damaged ones."""

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path


def zipped(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def zipped_link(path: Path, name: str, target: str, kind: int = stat.S_IFLNK) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, target)
    return path


def seven_zipped(path: Path, files: Mapping[str, bytes], password: str | None = None, hidden: bool = False) -> Path:
    """A 7z archive; `hidden` encrypts the names as well."""
    import py7zr

    path.parent.mkdir(parents=True, exist_ok=True)
    with py7zr.SevenZipFile(path, "w", password=password, header_encryption=hidden) as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return path


def renamed_7z(path: Path, old: str, new: str, data: bytes = b"evil") -> Path:
    """A 7z archive with an entry whose name its writer would refuse: it is patched, and the checksums with it."""
    import py7zr
    from py7zr.archiveinfo import SignatureHeader
    from py7zr.helpers import calculate_crc32

    assert len(old) == len(new)
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr(data, old)
    raw = path.read_bytes()
    patched = raw.replace(old.encode("utf-16-le"), new.encode("utf-16-le"))
    assert patched != raw
    with io.BytesIO(patched) as file:
        header = SignatureHeader.retrieve(file)
        start = file.tell() + header.nextheaderofs
        names = patched[start : start + header.nextheadersize]
        header.calccrc(len(names), calculate_crc32(names))
        header.write(file)
        path.write_bytes(file.getvalue())
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
