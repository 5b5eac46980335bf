-- Who is signed in to the console. Only a digest of what the browser holds is kept.
create table console_sessions (
  digest     bytea primary key,            -- account: SHA-256 of the token; operator: HMAC of the token, keyed by ADMIN_TOKEN
  account_id text collate "C" references accounts (id),
  key_id     text collate "C" references api_keys (id), -- the key that opened it: revoked with it
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check ((account_id is null) = (key_id is null))       -- neither: an operator's
);
create index console_sessions_age on console_sessions (expires_at);
