-- How far run $1 is, for who waits for its start: opened once it has the lease and its window.
SELECT r.state, r.error_code, r.error, r.hint,
    EXISTS (SELECT 1 FROM ledger.task t
            WHERE t.run = r.id AND t.name = 'open_window' AND t.attempt = r.attempt AND t.state = 'ok') AS opened
FROM ledger.run r WHERE r.id = $1::bigint;
