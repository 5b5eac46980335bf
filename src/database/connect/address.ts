import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
// oxlint-disable-next-line no-restricted-imports -- it compares names, and connects to nothing
import { checkServerIdentity, getCACertificates, type ConnectionOptions, type SecureVersion } from 'node:tls';
import type pg from 'pg';
import { parseDatabaseUrl, type DatabaseParameters } from './url.ts';

/** libpq's default where a URL has no connect_timeout is to wait for ever. */
const CONNECT_TIMEOUT_SECONDS = 10;
/** Debian's directory for sockets, and Postgres's own. */
const SOCKET_DIRECTORIES = ['/var/run/postgresql', '/tmp'];

/** A certificate or key that the address names cannot be read. The message is for the operator. */
export class AddressError extends Error {
  override name = 'AddressError';
}

/** Where a URL leads, for people: never with its password. */
export function describeAddress(url: string): string {
  const { host, port, hostaddr } = withDefaults(parseDatabaseUrl(url));
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${hostaddr ?? host}:${port}`;
}

/** The user and database of a URL, with libpq's defaults. */
export function identityOf(url: string): { user: string; database: string } {
  const { user, dbname } = withDefaults(parseDatabaseUrl(url));
  return { user, database: dbname };
}

/**
 * A URL as options of pg's clients, with the meanings of libpq. Everything is set, so that pg reads
 * no PG* variable. In the modes `allow` and `prefer` it asks for TLS: `reachDatabase` settles them
 * before. Throws an AddressError.
 */
export function connectionOptions(url: string): pg.ClientConfig {
  const parameters = withDefaults(parseDatabaseUrl(url));
  const { host, hostaddr, port, user, password, dbname, options, application_name } = parameters;
  const ssl = tlsOptions(parameters);
  return {
    host: hostaddr ?? host,
    port: Number(port),
    user,
    database: dbname,
    // Undefined: pg looks into ~/.pgpass.
    ...(password === undefined ? {} : { password }),
    ...(options === undefined ? {} : { options }),
    ...(application_name === undefined ? {} : { application_name }),
    ssl,
    ...(ssl !== false && parameters.sslnegotiation === 'direct' ? { sslnegotiation: 'direct' } : {}),
    enableChannelBinding: parameters.channel_binding !== 'disable',
    connectionTimeoutMillis: timeoutOf(parameters) * 1000,
  };
}

/** Whether a connection must be bound to its TLS channel (SCRAM-SHA-256-PLUS). */
export function requiresChannelBinding(url: string): boolean {
  return parseDatabaseUrl(url).channel_binding === 'require';
}

/** The sslmode in force; a socket never uses TLS. */
export function sslModeOf({ host, sslmode, sslrootcert }: DatabaseParameters): string {
  if (host?.startsWith('/')) return 'disable';
  return sslmode ?? (sslrootcert === 'system' ? 'verify-full' : 'prefer');
}

export function withDefaults(given: DatabaseParameters) {
  const user = given.user ?? userInfo().username;
  const sockets = SOCKET_DIRECTORIES.find((directory) => existsSync(directory)) ?? 'localhost';
  return {
    ...given,
    user,
    host: given.host ?? (given.hostaddr === undefined ? sockets : given.hostaddr),
    port: given.port ?? '5432',
    dbname: given.dbname ?? user,
  };
}

function timeoutOf({ connect_timeout }: DatabaseParameters): number {
  const seconds = Number(connect_timeout ?? 0);
  return seconds <= 0 ? CONNECT_TIMEOUT_SECONDS : Math.max(2, seconds);
}

/**
 * A root certificate makes every mode verify the chain; without one only verify-ca and verify-full
 * do, and must not.
 */
function tlsOptions(parameters: ReturnType<typeof withDefaults>): ConnectionOptions | false {
  const mode = sslModeOf(parameters);
  if (mode === 'disable') return false;
  const { host, sslcrl, sslpassword } = parameters;
  const ca = rootCertificates(parameters, mode);
  const cert = readFile(parameters.sslcert ?? inHome('postgresql.crt'));
  const key = cert && readFile(parameters.sslkey ?? inHome('postgresql.key'));
  const minVersion = parameters.ssl_min_protocol_version as SecureVersion | undefined;
  const maxVersion = parameters.ssl_max_protocol_version as SecureVersion | undefined;
  return {
    rejectUnauthorized: ca !== undefined,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(sslpassword && { passphrase: sslpassword }),
    ...(sslcrl && { crl: readFile(sslcrl) }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    checkServerIdentity: (_name, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  };
}

function rootCertificates({ sslrootcert }: DatabaseParameters, mode: string): string[] | undefined {
  if (mode === 'no-verify') return undefined;
  if (sslrootcert === 'system') return [...getCACertificates('system'), ...getCACertificates('extra')];
  const file = sslrootcert ?? inHome('root.crt');
  if (file !== undefined && existsSync(file)) return [readFile(file)!];
  if (mode.startsWith('verify-'))
    throw new AddressError(
      `sslmode=${mode} needs a root certificate, and ${sslrootcert ?? '~/.postgresql/root.crt'} ` +
        'does not exist; name it with sslrootcert, or use sslrootcert=system',
    );
  return undefined;
}

function inHome(name: string): string | undefined {
  const file = join(homedir(), '.postgresql', name);
  return existsSync(file) ? file : undefined;
}

function readFile(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AddressError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
