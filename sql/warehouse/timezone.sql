-- Before the first batch the business time zone may still change.
UPDATE bikeops.watermark SET business_timezone = $1 WHERE k = 0
