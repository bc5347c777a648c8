-- What a run used of services that bill by use, at list price: one row for each thing counted.
CREATE TABLE ledger.cost (
    run bigint NOT NULL REFERENCES ledger.run,
    service text NOT NULL,              -- emr-serverless, redshift-serverless
    what text NOT NULL,                 -- which of its things, and what of it: job 00f.. vCPU
    quantity numeric NOT NULL,
    unit text NOT NULL,                 -- vCPU-h, GB-h, RPU-h
    usd numeric,                        -- NULL: no price is known
    priced_on date,                     -- day of the list that the price is from
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, service, what)
);

CREATE TRIGGER tell AFTER INSERT OR UPDATE ON ledger.cost FOR EACH STATEMENT EXECUTE FUNCTION ledger.tell();
