SELECT k, run, epoch, s, seq, xid, at, business_timezone, first_year, last_year
FROM bikeops.watermark
