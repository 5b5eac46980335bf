import { userInfo } from 'node:os';

/** The connection parameters of libpq that are understood here. */
const PARAMETERS = [
  'host',
  'hostaddr',
  'port',
  'dbname',
  'user',
  'password',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'sslcrl',
  'sslnegotiation',
  'ssl_min_protocol_version',
  'ssl_max_protocol_version',
  'channel_binding',
  'connect_timeout',
  'options',
  'application_name',
  'target_session_attrs',
] as const;
type Parameter = (typeof PARAMETERS)[number];
export type DatabaseParameters = Partial<Record<Parameter, string>>;

/**
 * Parameters of libpq that change nothing here: connections are kept alive anyway, and neither
 * compression nor GSSAPI is used.
 */
const IGNORED = new Set([
  'client_encoding',
  'fallback_application_name',
  'gsslib',
  'gssencmode',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'krbsrvname',
  'load_balance_hosts',
  'sslcompression',
  'sslsni',
  'tcp_user_timeout',
]);

const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
/** `no-verify` is the name of Node's driver for `require`. */
const CHOICES: Partial<Record<Parameter, string[]>> = {
  sslmode: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'],
  sslnegotiation: ['postgres', 'direct'],
  ssl_min_protocol_version: TLS_VERSIONS,
  ssl_max_protocol_version: TLS_VERSIONS,
  channel_binding: ['disable', 'prefer', 'require'],
  target_session_attrs: ['any', 'read-write', 'primary'],
};

/** The variables that libpq reads where the URL says nothing. */
const VARIABLES: Record<string, Parameter> = {
  PGHOST: 'host',
  PGHOSTADDR: 'hostaddr',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLCRL: 'sslcrl',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version',
  PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version',
  PGCHANNELBINDING: 'channel_binding',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGOPTIONS: 'options',
  PGTARGETSESSIONATTRS: 'target_session_attrs',
};

const ENCODE =
  'encode special characters in the user and the password (@ as %40, / as %2F, : as %3A, % as %25)';

/**
 * Reads a connection URI as libpq does (PostgreSQL manual, 32.1.1.2). Throws an Error whose message
 * is for the operator, and shows no part of the URI that may be a password.
 */
export function parseDatabaseUrl(url: string): DatabaseParameters {
  const rest = /^postgres(?:ql)?:\/\/(.*)$/s.exec(url)?.[1];
  if (rest === undefined) throw new Error('must start with postgres://');
  const queryAt = rest.indexOf('?', rest.indexOf('@') + 1);
  const address = queryAt === -1 ? rest : rest.slice(0, queryAt);
  const parameters = parseAddress(address);
  for (const pair of queryAt === -1 ? [] : rest.slice(queryAt + 1).split('&')) {
    if (pair !== '') Object.assign(parameters, parseParameter(pair));
  }
  return check(parameters);
}

/** `[user[:password]@][host][:port][/dbname]` */
function parseAddress(address: string): DatabaseParameters {
  if (address.split('@').length > 2) throw new Error(`has more than one @; ${ENCODE}`);
  const at = address.indexOf('@');
  const slash = address.indexOf('/');
  if (slash !== -1 && slash < at) throw new Error(`has a / before the @; ${ENCODE}`);
  const [user, password] = at === -1 ? [] : splitOnce(address.slice(0, at), ':');
  const [hosts, dbname] = splitOnce(address.slice(at + 1), '/');
  if (hosts!.includes(',')) throw new Error('names several hosts; name one');
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(hosts!) ?? [];
  if (host === undefined) throw new Error('has a host that cannot be read');
  const parts = { user, password, host: host.replace(/^\[(.*)\]$/, '$1'), port, dbname };
  return Object.fromEntries(
    Object.entries(parts)
      .filter(([, text]) => text !== undefined && text !== '')
      .map(([name, text]) => [name, decode(text!)]),
  );
}

function parseParameter(pair: string): DatabaseParameters {
  const [name, value] = splitOnce(pair, '=').map(decode);
  if (value === undefined) throw new Error(`has a parameter without a value: ${name}`);
  if (name === 'ssl' && value === 'true') return { sslmode: 'require' };
  if (IGNORED.has(name!)) return {};
  if (!(PARAMETERS as readonly string[]).includes(name!))
    throw new Error(`has a parameter that is not supported: ${name}`);
  return { [name!]: value };
}

function check(parameters: DatabaseParameters): DatabaseParameters {
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = parameters[name as Parameter];
    if (value !== undefined && !choices.includes(value))
      throw new Error(`${name} must be one of ${choices.join(', ')}`);
  }
  const { host, port, sslmode, sslrootcert, connect_timeout } = parameters;
  if (host?.includes(',')) throw new Error('names several hosts; name one');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    throw new Error(`the port must be a number from 1 to 65535; ${ENCODE}`);
  if (connect_timeout !== undefined && !/^-?\d{1,6}$/.test(connect_timeout))
    throw new Error('connect_timeout must be a number of seconds');
  if (sslrootcert === 'system' && sslmode !== undefined && sslmode !== 'verify-full')
    throw new Error('sslrootcert=system needs sslmode=verify-full');
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`has a % that encodes nothing; ${ENCODE}`);
  }
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/**
 * The URI with what libpq's variables (PGHOST, PGSSLMODE, …) add to it, so that nothing else reads
 * them. Throws an Error like `parseDatabaseUrl`.
 */
export function completeDatabaseUrl(url: string, env: NodeJS.ProcessEnv): string {
  const given = parseDatabaseUrl(url);
  const added: DatabaseParameters = {};
  for (const [variable, name] of Object.entries(VARIABLES)) {
    const value = env[variable];
    if (value !== undefined && value !== '' && given[name] === undefined) added[name] = value;
  }
  // sslrootcert=system is another default for sslmode, not a conflict with it.
  const { user = given.user ?? userInfo().username } = added;
  if (Object.keys(added).length === 0 && given.user !== undefined) return url;
  return formatDatabaseUrl(check({ ...given, ...added, user }));
}

/** A URI with these parameters, for libpq's programs too. */
export function formatDatabaseUrl(parameters: DatabaseParameters): string {
  const { user = '', password, host = '', port, dbname = '', ...others } = parameters;
  const encode = encodeURIComponent;
  const credentials = `${encode(user)}${password === undefined ? '' : `:${encode(password)}`}`;
  const name = host.includes(':') ? `[${host}]` : encode(host);
  const query = Object.entries(others).map(([key, value]) => `${key}=${encode(value)}`);
  const login = credentials === '' ? '' : `${credentials}@`;
  const at = port === undefined ? name : `${name}:${port}`;
  const settings = query.length === 0 ? '' : `?${query.join('&')}`;
  return `postgres://${login}${at}/${encode(dbname)}${settings}`;
}
