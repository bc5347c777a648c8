-- The newest Spark job of a run: who starts another one ends first what is open here.
CREATE TABLE ledger.spark_job (
    run bigint PRIMARY KEY REFERENCES ledger.run,
    application text,                   -- name of one of the run's own; NULL: it has none
    job text,                           -- its id; NULL: not known, nor whether there is one
    state text,                         -- as EMR named it last; NULL: not known
    open boolean NOT NULL               -- the job may go on, or its application be there
);
