-- Who may use the service, and what they have left. Written by src/accounts and
-- src/console/session.
create table accounts (
  id                    text collate "C" primary key,  -- acct_…
  name                  text not null,
  plan                  text not null default 'free',
  -- Always the sum of the account's credit_entries.
  credits               bigint not null check (credits >= 0),
  webhook_secret        text not null,                 -- whsec_…, or sealed: see src/accounts/secrets.ts
  -- Secrets that were promised to sign beside the current one, the newest first, and until when
  -- each does.
  previous_secrets       text[] not null default '{}',
  previous_secrets_until timestamptz[] not null default '{}',
  -- Set by an operator: its keys are refused until it is null again.
  suspended_at          timestamptz,
  created_at            timestamptz not null default now()
);

-- Bearer keys. The secret itself is shown once and never stored.
create table api_keys (
  id            text collate "C" primary key, -- key_…
  account_id    text collate "C" not null references accounts (id) on delete cascade,
  name          text not null,
  secret_sha256 bytea not null,               -- SHA-256 of the whole key as the caller sends it
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz,                  -- to within a minute
  revoked_at    timestamptz                   -- set once; a revoked key never works again
);
create index api_keys_account on api_keys (account_id);

-- The ledger: append-only, one row per movement. accounts.credits is changed in the same
-- transaction.
create table credit_entries (
  id         bigint generated always as identity primary key,
  account_id text collate "C" not null references accounts (id) on delete cascade,
  kind       text not null check (kind in (
    'grant',    -- credits given, at sign-up or by an operator
    'reserve',  -- a job was created: negative, the most that it may use
    'release'   -- the job ended: what it did not use, given back
  )),
  amount     bigint not null,
  job_id     text collate "C",                -- null for a grant
  note       text,
  created_at timestamptz not null default now()
);
create index credit_entries_account on credit_entries (account_id, created_at);
-- A job reserves once and releases once.
create unique index credit_entries_once on credit_entries (account_id, job_id, kind) where job_id is not null;

-- A client's Idempotency-Key, written in the transaction that creates the job. Deleted after 24
-- hours.
create table idempotency_keys (
  account_id     text collate "C" not null references accounts (id) on delete cascade,
  key            text collate "C" not null,
  request_sha256 bytea not null,              -- over the path and the body
  job_id         text collate "C" not null,
  created_at     timestamptz not null default now(),
  primary key (account_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- One token bucket per account, shared by all web processes: how many requests the account may
-- still make. Unlogged: after a crash every bucket is full.
create unlogged table rate_buckets (
  account_id text collate "C" primary key,
  full_at    timestamptz not null,   -- when the bucket is full again
  taken      integer not null        -- tokens that the latest statement took
) with (fillfactor = 50);

-- Who is signed in to the console. Only a digest of the browser's token is kept.
create table console_sessions (
  -- Of an account: SHA-256 of the token; of an operator: HMAC keyed by ADMIN_TOKEN.
  digest     bytea primary key,
  account_id text collate "C" references accounts (id) on delete cascade,
  -- The key that opened it: revoked with it.
  key_id     text collate "C" references api_keys (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check ((account_id is null) = (key_id is null))       -- neither: an operator's
);
create index console_sessions_age on console_sessions (expires_at);
