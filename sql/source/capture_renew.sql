-- Changes may have been missed: the next run of every warehouse is a full one.
UPDATE bikeops_capture.epoch SET id = gen_random_uuid(), at = now()
