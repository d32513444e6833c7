"""The tables of a study's store. Times are UTC, ISO 8601; sizes are bytes; ids are never reused."""

#: Written into every store ("mcst"), so that another SQLite file is not taken for one.
APPLICATION_ID = 0x6D637374

#: Raised by a change that an older library could not read.
SCHEMA_VERSION = 1

#: One statement a table.
TABLES = (
    """
    -- The study as it was last asked for: one row.
    CREATE TABLE study (
        id          INTEGER PRIMARY KEY CHECK (id = 1),
        name        TEXT NOT NULL,
        description TEXT NOT NULL,
        path        TEXT NOT NULL,              -- of study.toml, absolute
        text        TEXT NOT NULL               -- of study.toml, whole
    ) STRICT
    """,
    """
    -- Everything that was ever asked for. The key is explained in tasks.py.
    CREATE TABLE task (
        key         TEXT PRIMARY KEY,
        position    INTEGER,                    -- place in the current grid; NULL: no longer in it
        kind        TEXT NOT NULL CHECK (kind IN ('file', 'accuracy', 'memory', 'speed')),
        model       TEXT NOT NULL,
        recipe      TEXT NOT NULL,              -- label
        recipe_text TEXT NOT NULL,              -- canonical
        device      TEXT NOT NULL,              -- '' for kind 'file'
        threads     INTEGER NOT NULL,           -- 0 where the result does not depend on it
        seed        INTEGER NOT NULL,
        file_key    TEXT NOT NULL,              -- task that makes the file which this one executes
        parameters  TEXT NOT NULL               -- JSON: what the key was made of
    ) STRICT
    """,
    """
    -- The machine and the software, once each.
    CREATE TABLE environment (
        id          INTEGER PRIMARY KEY,
        text        TEXT NOT NULL UNIQUE        -- JSON: key -> text
    ) STRICT
    """,
    """
    -- What came of a task. A failed one is tried again by the next run, which replaces its row.
    CREATE TABLE run (
        key         TEXT PRIMARY KEY REFERENCES task (key),
        status      TEXT NOT NULL CHECK (status IN ('done', 'failed')),
        reason      TEXT NOT NULL,              -- of a failure, else ''
        attempts    INTEGER NOT NULL,           -- failed ones and this one
        finished_at TEXT NOT NULL,
        environment INTEGER NOT NULL REFERENCES environment (id),
        details     TEXT NOT NULL               -- JSON: what ran, and the like
    ) STRICT
    """,
    """
    -- One row per run and metric. Percentiles by nearest rank over the samples.
    CREATE TABLE metric (
        key          TEXT NOT NULL REFERENCES run (key) ON DELETE CASCADE,
        name         TEXT NOT NULL,
        unit         TEXT NOT NULL,
        value        REAL NOT NULL,             -- median; of hits the percentage
        sample_count INTEGER NOT NULL,
        min          REAL NOT NULL,
        p50          REAL NOT NULL,
        p90          REAL NOT NULL,
        p99          REAL NOT NULL,
        max          REAL NOT NULL,
        PRIMARY KEY (key, name)
    ) STRICT
    """,
    """
    -- Raw samples in the order of measuring, round by round, kept also while a task is unfinished.
    CREATE TABLE sample (
        key         TEXT NOT NULL REFERENCES task (key),
        metric      TEXT NOT NULL,
        round       INTEGER NOT NULL,
        environment INTEGER NOT NULL REFERENCES environment (id),
        dtype       TEXT NOT NULL,              -- numpy's name, little-endian: '<i8', '|u1', '<f8'
        data        BLOB NOT NULL,
        PRIMARY KEY (key, metric, round)
    ) STRICT
    """,
)
