-- What a step waits for, in words: the state of another service's job.
ALTER TABLE ledger.step ADD COLUMN note text;
