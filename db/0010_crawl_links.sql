-- A page's links are written and read as one text and never searched: as an array, taking them apart and putting them together
-- cost more than storing them.
alter table pages alter column links type text using to_json(links)::text; -- crawl: a JSON array of the in-scope links in document order, until they are queued
