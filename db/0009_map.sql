-- A map lists the URLs of a site.
alter table jobs drop constraint jobs_kind_check;
alter table jobs add constraint jobs_kind_check check (kind in ('scrape', 'batch', 'crawl', 'map'));
