-- What callers send along to sites and receivers is sealed with SECRET_KEY, like webhook secrets:
-- JSON in AES-256-GCM, or as it is where there is no key.
alter table jobs
  -- Values of headers and cookies, credentials of a proxy; null once the job has ended.
  add column secrets text,
  -- The cookies that its pages share; null where each has its own, and once the job has ended.
  add column session text,
  alter column webhook_headers type text using webhook_headers::text;
alter table outbox alter column headers type text using headers::text;
alter table deliveries alter column headers type text using headers::text;
