-- The ledger: what ran, how far it came, what it counted.  Losing it loses no row of data.

CREATE TABLE ledger.installation (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ledger.installation DEFAULT VALUES;

-- state: queued, running, ok, failed, cancelled, refused (another held the lease).  A run that found nothing to do is ok, with k NULL.
CREATE TABLE ledger.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pipeline text NOT NULL,             -- setup, pipeline
    mode text NOT NULL,                 -- full, incremental, backfill; of a setup: setup
    state text NOT NULL DEFAULT 'queued',
    warehouse text NOT NULL,
    requested_by text NOT NULL,
    options jsonb NOT NULL DEFAULT '{}',
    host text,
    pid int,
    pid_start bigint,                   -- clock ticks since boot, as in /proc/PID/stat
    attempt int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    prefix text,                        -- of its objects in raw and processed
    manifest text,                      -- key of its manifest, once written
    k bigint,                           -- the batch it published
    note text,                          -- why it is a full one, or that nothing changed
    engine text,
    program text,
    error_code text,
    error text,
    hint text
);
CREATE INDEX run_state ON ledger.run (state) WHERE state IN ('queued', 'running');

CREATE TABLE ledger.task (
    run bigint NOT NULL REFERENCES ledger.run,
    name text NOT NULL,
    attempt int NOT NULL,
    ordinal int NOT NULL,
    state text NOT NULL,                -- running, ok, failed, cancelled, skipped
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    peak_kib bigint,                    -- resident memory, highest in this task
    error text,
    PRIMARY KEY (run, name, attempt)
);

CREATE TABLE ledger.step (
    run bigint NOT NULL REFERENCES ledger.run,
    name text NOT NULL,
    attempt int NOT NULL,
    ordinal int NOT NULL,
    state text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    total bigint,                       -- rows expected, where known
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (run, name, attempt)
);

-- What publish counted, copied from the warehouse.
CREATE TABLE ledger.book (
    k bigint NOT NULL,
    run bigint NOT NULL,
    warehouse text NOT NULL,
    tbl text NOT NULL,
    what text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (warehouse, run, k, tbl, what)
);

-- Rows and sums of each layer, as the run left them.  layer: source, raw, processed, staging, serving.
CREATE TABLE ledger.layer (
    run bigint NOT NULL REFERENCES ledger.run,
    entity text NOT NULL,
    layer text NOT NULL,
    rows bigint,
    revenue numeric,
    units numeric,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, entity, layer)
);

CREATE TABLE ledger.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    level text NOT NULL,
    message text NOT NULL
);
CREATE INDEX event_run ON ledger.event (run);

-- The right to run, one row a warehouse.
CREATE TABLE ledger.lease (
    warehouse text PRIMARY KEY,
    run bigint NOT NULL,
    host text NOT NULL,
    pid int NOT NULL,
    pid_start bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
