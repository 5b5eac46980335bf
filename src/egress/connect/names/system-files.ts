import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** What the system's files say about names: /etc/hosts, and the search list of /etc/resolv.conf. */
export interface SystemNames {
  /** The addresses of a name by its lower-case form, IPv4 first. */
  hosts: ReadonlyMap<string, string[]>;
  /** Domains that a name is tried in. */
  search: readonly string[];
  /** A name with fewer dots is tried in the search domains before it is tried as it is. */
  ndots: number;
  /** Changes with the files. */
  version: string;
}

export interface SystemFiles {
  hosts: string;
  resolvConf: string;
}

/** How often to check the files for changes. */
const CHECK_MS = 5000;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** resolv.conf(5): ndots has this limit. */
const MAX_NDOTS = 15;
/** glibc sets none since 2.26, Kubernetes this one. */
const MAX_SEARCH_DOMAINS = 32;

const NO_NAMES: SystemNames = { hosts: new Map(), search: [], ndots: 1, version: '' };

/** Windows keeps its search list in the registry, which is not read. */
export const SYSTEM_FILES: SystemFiles =
  process.platform === 'win32'
    ? { hosts: 'C:\\Windows\\System32\\drivers\\etc\\hosts', resolvConf: '' }
    : { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' };

/**
 * Reads the files when they are first needed, and again after they have changed. A file that is
 * missing says nothing.
 */
export function createSystemNames(files: SystemFiles): () => Promise<SystemNames> {
  let known = NO_NAMES;
  let checkedAt = -Infinity;
  let checking: Promise<SystemNames> | null = null;
  const check = async (): Promise<SystemNames> => {
    const version = `${await versionOf(files.hosts)} ${await versionOf(files.resolvConf)}`;
    if (version !== known.version)
      known = {
        hosts: parseHosts(await textOf(files.hosts)),
        ...parseResolvConf(await textOf(files.resolvConf), hostname()),
        version,
      };
    checkedAt = performance.now();
    return known;
  };
  return async () => {
    if (performance.now() - checkedAt < CHECK_MS) return known;
    checking ??= check().finally(() => (checking = null));
    return await checking;
  };
}

async function versionOf(file: string): Promise<string> {
  const stats = await stat(file).catch(() => null);
  return stats === null ? 'missing' : `${stats.ino}-${stats.size}-${stats.mtimeMs}`;
}

async function textOf(file: string): Promise<string> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  return bytes.toString('utf8', 0, MAX_FILE_BYTES);
}

/** hosts(5): an address and its names on each line. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = wordsOf(line);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '');
      const addresses = hosts.get(key) ?? [];
      if (!addresses.includes(address)) addresses.push(address);
      hosts.set(
        key,
        addresses.toSorted((a, b) => isIP(a) - isIP(b)),
      );
    }
  }
  return hosts;
}

/**
 * resolv.conf(5): the last `search` or `domain` line counts. Without one, names are searched in the
 * domain of the machine's own name.
 */
export function parseResolvConf(text: string, machine: string): Pick<SystemNames, 'search' | 'ndots'> {
  let search: readonly string[] = [machine.split('.').slice(1).join('.')];
  let { ndots } = NO_NAMES;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = wordsOf(line);
    if (keyword === 'search') search = values;
    else if (keyword === 'domain') search = values.slice(0, 1);
    else if (keyword === 'options')
      for (const option of values) {
        const [, dots] = /^ndots:(\d+)$/.exec(option) ?? [];
        if (dots !== undefined) ndots = Math.min(Number(dots), MAX_NDOTS);
      }
  }
  const domains = search.map((domain) => domain.replace(/^\.|\.$/g, '')).filter((domain) => domain !== '');
  return { search: domains.slice(0, MAX_SEARCH_DOMAINS), ndots };
}

function wordsOf(line: string): string[] {
  return line
    .split(/[#;]/, 1)[0]!
    .split(/\s/)
    .filter((word) => word !== '');
}
