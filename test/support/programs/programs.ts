import { spawnSync } from 'node:child_process';

/** A program that some tests run. */
interface Program {
  /** Exits with 0 where the program is there. */
  probe: [command: string, ...args: string[]];
  /** How to install it on Debian. */
  install: string;
}

const apt = (name: string) => `apt-get install -y ${name}`;
/** For programs that have no quick command which only succeeds. */
const onPath = (...names: string[]): Program['probe'] => [
  'sh',
  '-c',
  names.map((name) => `command -v ${name}`).join(' && '),
];

const PROGRAMS = {
  Chromium: { probe: ['/usr/bin/chromium', '--version'], install: apt('chromium') },
  'chromium-headless-shell': {
    probe: ['/usr/bin/chromium-headless-shell', '--version'],
    install: apt('chromium-headless-shell'),
  },
  PgBouncer: { probe: ['/usr/sbin/pgbouncer', '--version'], install: apt('pgbouncer') },
  psql: { probe: ['psql', '--version'], install: apt('postgresql-client') },
  Ruby: { probe: ['ruby', '--version'], install: apt('ruby') },
  PHP: { probe: ['php', '--version'], install: apt('php-cli') },
  Go: { probe: ['go', 'version'], install: apt('golang-go') },
  Python: { probe: ['python3', '--version'], install: apt('python3') },
  Flask: {
    probe: ['python3', '-c', 'import flask'],
    install: 'apt-get install -y python3-flask (or pip install flask)',
  },
  'firecrawl-py': {
    probe: ['python3', '-c', 'import firecrawl'],
    install: 'pip install firecrawl-py',
  },
  'langchain-firecrawl': {
    probe: ['python3', '-c', 'import langchain_firecrawl'],
    install: 'pip install langchain-firecrawl',
  },
  'firecrawl-mcp': {
    probe: onPath('firecrawl-mcp'),
    install: 'npm install --global firecrawl-mcp',
  },
  'openapi-typescript': {
    probe: onPath('openapi-typescript'),
    install: 'npm install --global openapi-typescript',
  },
  'oapi-codegen': {
    probe: onPath('go', 'oapi-codegen'),
    install: 'go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@latest',
  },
  'openapi-python-client': {
    probe: ['python3', '-c', 'import openapi_python_client'],
    install: 'pip install openapi-python-client',
  },
  OpenSSL: { probe: ['openssl', 'version'], install: apt('openssl') },
  curl: { probe: ['curl', '--version'], install: apt('curl') },
  script: { probe: ['script', '--version'], install: apt('bsdutils') },
} satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

const reasonOf = (name: string) => `${name} is not installed`;

/** How to install a program, by the reason that `missing` gives. */
export const INSTALL = new Map(
  Object.entries(PROGRAMS).map(([name, { install }]) => [reasonOf(name), install]),
);

/**
 * The `skip` option of a test that needs the program: false when it is installed, else the reason.
 * In CI it is always false, so that a test without its program fails instead of being skipped.
 */
export function missing(name: ProgramName): string | false {
  if (process.env.CI === 'true') return false;
  const [command, ...args] = PROGRAMS[name].probe;
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0 ? false : reasonOf(name);
}
