DROP TRIGGER IF EXISTS bikeops_touch ON store.brands
