import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  completeDatabaseUrl,
  formatDatabaseUrl,
  parseDatabaseUrl,
} from '../../../src/database/connect/url.ts';

const READ: [string, ReturnType<typeof parseDatabaseUrl>][] = [
  ['postgres://', {}],
  ['postgresql://localhost', { host: 'localhost' }],
  ['postgres://localhost:5433', { host: 'localhost', port: '5433' }],
  ['postgres://localhost/db', { host: 'localhost', dbname: 'db' }],
  ['postgres://u@h/db', { user: 'u', host: 'h', dbname: 'db' }],
  ['postgres://u:p%40ss%2F%25%3A@h/d%20b', { user: 'u', password: 'p@ss/%:', host: 'h', dbname: 'd b' }],
  ['postgres://u:a#b?c@h/db', { user: 'u', password: 'a#b?c', host: 'h', dbname: 'db' }],
  ['postgres://u:a:b@h/db', { user: 'u', password: 'a:b', host: 'h', dbname: 'db' }],
  ['postgres://[::1]:5433/db', { host: '::1', port: '5433', dbname: 'db' }],
  ['postgres://%2Fvar%2Frun/db', { host: '/var/run', dbname: 'db' }],
  ['postgres:///db?host=/tmp&port=5433', { dbname: 'db', host: '/tmp', port: '5433' }],
  ['postgres://h?ssl=true', { host: 'h', sslmode: 'require' }],
  [
    'postgres://h/db?sslmode=verify-full&sslrootcert=system',
    { host: 'h', dbname: 'db', sslmode: 'verify-full', sslrootcert: 'system' },
  ],
  ['postgres://h/db?options=-c%20search_path%3Da', { host: 'h', dbname: 'db', options: '-c search_path=a' }],
];

test('a URL is read as libpq reads it, and what is written is read the same', () => {
  for (const [url, parameters] of READ) {
    assert.deepEqual(parseDatabaseUrl(url), parameters, url);
    assert.deepEqual(parseDatabaseUrl(formatDatabaseUrl(parameters)), parameters, url);
  }
});

const REFUSED: [string, RegExp][] = [
  ['mysql://h/db', /must start with postgres/],
  ['postgres://u:secret@word@h/db', /more than one @; encode/],
  ['postgres://u:secret/word@h/db', /a \/ before the @; encode/],
  ['postgres://u:secret%@h/db', /a % that encodes nothing; encode/],
  ['postgres://u:secret:word/db', /the port must be a number .*; encode/],
  ['postgres://h:0/db', /the port must be a number/],
  ['postgres://a,b/db', /several hosts/],
  ['postgres://h/db?sslmode=always', /sslmode must be one of disable, allow/],
  ['postgres://h/db?sslmode=require&sslrootcert=system', /sslrootcert=system needs sslmode=verify-full/],
  ['postgres://h/db?channel_binding=yes', /channel_binding must be one of/],
  ['postgres://h/db?pgbouncer=true', /not supported: pgbouncer/],
  ['postgres://h/db?connect_timeout=soon', /connect_timeout must be a number/],
];

test('a URL that cannot be read is refused with a line that shows no password', () => {
  for (const [url, message] of REFUSED)
    assert.throws(
      () => parseDatabaseUrl(url),
      (error: Error) => {
        assert.match(error.message, message, url);
        assert.ok(!/secret|word@/.test(error.message) && !error.message.includes('\n'), url);
        return true;
      },
    );
});

test("libpq's variables fill what the URL leaves out, and nothing else", () => {
  const env = {
    PGHOST: 'other',
    PGPORT: '5433',
    PGUSER: 'me',
    PGPASSWORD: 'p/w',
    PGSSLMODE: 'require',
    PGDATABASE: '',
  };
  assert.deepEqual(parseDatabaseUrl(completeDatabaseUrl('postgres://h/db?sslmode=disable', env)), {
    host: 'h',
    dbname: 'db',
    sslmode: 'disable',
    port: '5433',
    user: 'me',
    password: 'p/w',
  });
  const complete = 'postgres://u:p@h:1/db?sslmode=prefer';
  assert.equal(completeDatabaseUrl(complete, env), complete);
  assert.throws(
    () => completeDatabaseUrl('postgres://h/db', { PGSSLMODE: 'maybe' }),
    /sslmode must be one of/,
  );
});
