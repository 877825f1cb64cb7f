# SPDX-License-Identifier: GPL-3.0-or-later
"""A look into the store of a running server, so that a test can await what is
written there behind the answers."""

import ctypes

import dns.name

RDONLY, NOSUBDIR, NOTLS = 0x20000, 0x4000, 0x200000
NOT_FOUND = -30798


class _Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]


def _library():
    lmdb = ctypes.CDLL("liblmdb.so.0")
    pointer = ctypes.c_void_p
    lmdb.mdb_env_create.argtypes = [ctypes.POINTER(pointer)]
    lmdb.mdb_env_set_maxdbs.argtypes = [pointer, ctypes.c_uint]
    lmdb.mdb_env_open.argtypes = [pointer, ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint]
    lmdb.mdb_env_close.argtypes = [pointer]
    lmdb.mdb_txn_begin.argtypes = [pointer, pointer, ctypes.c_uint, ctypes.POINTER(pointer)]
    lmdb.mdb_txn_abort.argtypes = [pointer]
    lmdb.mdb_dbi_open.argtypes = [pointer, ctypes.c_char_p, ctypes.c_uint, ctypes.POINTER(ctypes.c_uint)]
    lmdb.mdb_get.argtypes = [pointer, ctypes.c_uint, ctypes.POINTER(_Value), ctypes.POINTER(_Value)]
    return lmdb


def stored(server, zone: str):
    """Which version of the zone is stored: its serial, and the digest of what its
    file was. None where it is not stored."""
    row = _state_row(server, zone)
    if row is None:
        return None
    fixed, text_length = 72, row[49]        # of store/row.c
    return int.from_bytes(row[4:8], "little"), row[fixed + text_length:]


def _state_row(server, zone):
    path = server.state_dir / "store.mdb"
    if not path.exists():
        return None
    lmdb, env = _library(), ctypes.c_void_p()

    def good(code):
        assert code == 0, f"{path}: LMDB says {code}"
    good(lmdb.mdb_env_create(ctypes.byref(env)))
    try:
        good(lmdb.mdb_env_set_maxdbs(env, 16))
        good(lmdb.mdb_env_open(env, str(path).encode(), RDONLY | NOSUBDIR | NOTLS, 0o600))
        return _read(lmdb, env, zone, good)
    finally:
        lmdb.mdb_env_close(env)


def _read(lmdb, env, zone, good):
    txn, dbi, value = ctypes.c_void_p(), ctypes.c_uint(), _Value()
    name = dns.name.from_text(zone.lower()).to_wire()
    held = ctypes.create_string_buffer(name, len(name))
    key = _Value(len(name), ctypes.cast(held, ctypes.c_void_p))
    good(lmdb.mdb_txn_begin(env, None, RDONLY, ctypes.byref(txn)))
    try:
        good(lmdb.mdb_dbi_open(txn, b"state", 0, ctypes.byref(dbi)))
        code = lmdb.mdb_get(txn, dbi, ctypes.byref(key), ctypes.byref(value))
        if code == NOT_FOUND:
            return None
        good(code)
        return ctypes.string_at(value.data, value.size)
    finally:
        lmdb.mdb_txn_abort(txn)
