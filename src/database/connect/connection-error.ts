import { describeAddress, identityOf } from './address.ts';
import { OperatorError } from '../../operator-error.ts';

/**
 * The database cannot be used as it is. The message is one line that names the variable and says
 * what to do.
 */
export class ConnectionError extends OperatorError {
  override name = 'ConnectionError';
}

/** What OpenSSL and Node call a certificate that does not verify, and a handshake that fails. */
const TLS_CODE = /CERT|ALTNAME|UNABLE_TO|SELF_SIGNED|MISMATCH|^ERR_SSL_/;
/** In our words, since Node's advise a flag of its command line that changes nothing here. */
const TLS_FAULTS: [RegExp, string][] = [
  [/EXPIRED/, 'its certificate has expired. Renew it there.'],
  [/NOT_YET_VALID/, 'its certificate is not valid yet. Check the clocks of both machines.'],
  [/ALTNAME|MISMATCH/, 'its certificate is for another host name. Name the host that it is for.'],
  [
    /SELF_SIGNED|UNABLE_TO/,
    'its certificate is from an authority that is not trusted. Name it with sslrootcert.',
  ],
  [/ALERT/, 'it refuses the TLS handshake. See sslcert and sslkey, and ssl_min_protocol_version.'],
  [/^ERR_SSL/, 'TLS fails with it. See ssl_min_protocol_version and ssl_max_protocol_version.'],
];
const TLS_OTHERWISE = 'its certificate is not accepted. Name its authority with sslrootcert, or see sslmode.';

/** Explains why the database at `url` cannot be connected to, or used. Never shows its password. */
export function explainConnection(url: string, error: unknown): ConnectionError {
  const cause = firstOf(error);
  const text = explanation(url, cause) ?? `${describeAddress(url)}: ${cause.message}`;
  return new ConnectionError(`DATABASE_URL: ${text.replaceAll(/\s+/g, ' ')}`, { cause: error });
}

function firstOf(error: unknown): Error & { code?: string } {
  // Node reports a refused connection to several addresses as one error without a message.
  if (error instanceof AggregateError && error.errors.length > 0) return firstOf(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}

function explanation(url: string, { code = '', message }: Error & { code?: string }): string | null {
  const at = describeAddress(url);
  const { user, database } = identityOf(url);
  if (code in BY_CODE) return BY_CODE[code]!({ at, user, database, message });
  if (TLS_CODE.test(code))
    return `${at}: ${TLS_FAULTS.find(([pattern]) => pattern.test(code))?.[1] ?? TLS_OTHERWISE}`;
  for (const [pattern, text] of BY_MESSAGE) if (pattern.test(message)) return `${at}: ${text}`;
  return null;
}

interface Situation {
  at: string;
  user: string;
  database: string;
  message: string;
}

const BY_CODE: Record<string, (situation: Situation) => string> = {
  ECONNREFUSED: ({ at }) => `nothing listens on ${at}. Start Postgres there, or correct the address.`,
  ENOENT: ({ at }) => `there is no socket ${at}. Start Postgres there, or name its host.`,
  ENOTFOUND: ({ at }) =>
    `the host of ${at} is unknown. Correct its name; a password with @ is written with %40.`,
  EAI_AGAIN: ({ at }) => `the host of ${at} cannot be resolved now. Check the name servers.`,
  ETIMEDOUT: ({ at }) => `${at} does not answer. Check the address and the firewall.`,
  EHOSTUNREACH: ({ at }) => `${at} cannot be reached. Check the address and the network.`,
  ENETUNREACH: ({ at }) => `${at} cannot be reached. Check the address and the network.`,
  '28P01': ({ user }) =>
    `Postgres does not accept the password of user "${user}". Correct it; special characters are ` +
    'percent-encoded.',
  '28000': ({ user, message }) => `Postgres does not let user "${user}" in: ${message}.`,
  '3D000': ({ database }) => `there is no database "${database}". Create it, or correct the name.`,
  '53300': ({ at, message }) =>
    `${at} has no connection left: ${message}. Raise its limit, or lower DATABASE_POOL and WORKER_THREADS.`,
  '25006': ({ at }) =>
    `${at} is read-only: a replica, or a user with default_transaction_read_only. Name the primary.`,
  '42501': ({ user, message }) =>
    `user "${user}" may not do what a migration needs: ${message}. Grant it CREATE on the database ` +
    'and its schema, or run the migration as its owner.',
  '42P07': ({ message }) => inTheWay(message),
  '42710': ({ message }) => inTheWay(message),
  '42723': ({ message }) => inTheWay(message),
  '42P06': ({ message }) => inTheWay(message),
};

function inTheWay(message: string): string {
  return (
    `the database holds what another application made: ${message}. Give Ollagraph a database of its ` +
    'own, or a schema: create schema ollagraph; alter role … set search_path = ollagraph.'
  );
}

const BY_MESSAGE: [RegExp, string][] = [
  [/does not support SSL/, 'the server does not support TLS. Use sslmode=disable or prefer.'],
  [
    /channel binding is required/,
    'channel_binding=require, and the server does not offer it. Use TLS and SCRAM, or ' +
      'channel_binding=prefer.',
  ],
  [/password must be a (non-empty )?string/, 'the server asks for a password, and the URL has none.'],
  [
    /timeout|terminated due to connection timeout/i,
    'it does not answer. Check the address and the firewall.',
  ],
  [
    /establishing an SSL connection|terminated unexpectedly|ECONNRESET/,
    'what listens there closes the connection, and may not be Postgres. Check the port.',
  ],
];
