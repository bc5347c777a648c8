-- When a run kept a warehouse at work that bills by the second: what its processes used adds up here.
CREATE TABLE ledger.busy (
    run bigint NOT NULL REFERENCES ledger.run,
    began timestamptz NOT NULL,
    ended timestamptz NOT NULL,
    PRIMARY KEY (run, began)
);
