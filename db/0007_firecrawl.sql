-- Jobs that were made in Firecrawl's form, and the events that their webhooks are sent.
alter table jobs
  drop constraint jobs_webhook_payload_check,
  add constraint jobs_webhook_payload_check check (webhook_payload in ('full', 'summary', 'firecrawl'));
alter table outbox
  drop constraint outbox_event_check,
  add constraint outbox_event_check check (event in ('job.started', 'job.page', 'job.pages', 'job.completed', 'test',
    'crawl.started', 'crawl.page', 'crawl.completed', 'crawl.failed',
    'batch_scrape.started', 'batch_scrape.page', 'batch_scrape.completed', 'batch_scrape.failed'));
alter table deliveries
  drop constraint deliveries_event_check,
  add constraint deliveries_event_check check (event in ('job.started', 'job.page', 'job.pages', 'job.completed', 'test',
    'crawl.started', 'crawl.page', 'crawl.completed', 'crawl.failed',
    'batch_scrape.started', 'batch_scrape.page', 'batch_scrape.completed', 'batch_scrape.failed'));
