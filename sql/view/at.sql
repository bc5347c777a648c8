-- $1 where this session's views look, $2 the moment they tell of, '' for now
SELECT set_config('search_path', $1, false), set_config('bikeops.at', $2, false),
    to_regclass('past.run') IS NOT NULL AS there
