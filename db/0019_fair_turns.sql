-- Whose the last turn at a host was: it leaves the next ones to others.
alter table hosts add column turn_of text collate "C";
