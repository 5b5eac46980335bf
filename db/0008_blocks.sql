-- Pages that a site blocked: a block page came instead, or the site is left alone for that.
alter table jobs add column blocked integer not null default 0;
alter table pages add column blocked boolean not null default false;
