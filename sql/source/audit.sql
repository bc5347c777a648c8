-- updated_at says on which business day a row took its present form.  An unchanged row and an
-- edit of a row that stays inactive are no change; time never runs backwards within a row,
-- whatever the clock or the order of commits.
CREATE OR REPLACE FUNCTION store.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.is_active = 'N' AND OLD.is_active = 'N' THEN
		NEW.updated_at := OLD.updated_at;
	ELSIF NEW IS DISTINCT FROM OLD THEN
		NEW.updated_at := greatest(now(), OLD.updated_at + interval '1 microsecond');
	END IF;
	RETURN NEW;
END $$
