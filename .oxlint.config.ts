import { defineConfig, type OxlintOverride } from 'oxlint';

/**
 * The rooms of src/, from the ground up. A room imports rooms further up in this list only: never
 * its neighbours in the same line, never what stands below.
 */
const LAYERS = [
  ['log', 'tracing', 'ids', 'utf8', 'memory', 'version', 'crash-point', 'operator-error', 'service-error'],
  ['database'],
  ['limits'],
  ['egress'],
  ['config'],
  ['context'],
  ['http'],
  ['crawl'],
  ['scrape'],
  ['render'],
  ['accounts'],
  ['webhooks'],
  ['changes'],
  ['jobs'],
  ['callbacks', 'schedules', 'workers', 'metrics'],
  ['console'],
  ['firecrawl', 'mcp'],
  ['docs'],
  ['api'],
  ['service'],
  ['cli'],
  ['main'],
];

/** What reads bytes and text and returns values: no database, no configuration, no HTTP. */
const PURE = ['scrape', 'crawl'];

const CONNECTIONS = 'outgoing connections are opened in src/egress only';
const clients = [
  ...['undici', 'node:http', 'node:https', 'node:tls'].map((name) => ({
    name,
    allowTypeImports: true,
    message: CONNECTIONS,
  })),
  { name: 'node:net', allowTypeImports: true, allowImportNames: ['BlockList', 'isIP'], message: CONNECTIONS },
];
/** It gives the clients above without an import. */
const anyModule = [{ object: 'process', property: 'getBuiltinModule', message: CONNECTIONS }];

const filesOf = (room: string) => [`src/${room}/**`, `src/${room}.ts`];
/** The imports of rooms, as the files of other rooms write them. */
const importsOf = (rooms: string[]) => `^(\\.\\./)+(${rooms.join('|')})(/|\\.ts$)`;

/** What the files of a room may not import. */
function layerRules(room: string, refused: string[]): OxlintOverride {
  const message = `src/${room} may not import this room: see the layers in .oxlint.config.ts`;
  const patterns = refused.length === 0 ? [] : [{ regex: importsOf(refused), message }];
  return {
    files: filesOf(room),
    rules: {
      'no-restricted-imports': ['error', { paths: room === 'egress' ? [] : clients, patterns }],
      'no-restricted-globals': room === 'egress' ? 'off' : ['error', 'fetch'],
      'no-restricted-properties': room === 'egress' ? 'off' : ['error', ...anyModule],
    },
  };
}

const layers = LAYERS.flatMap((rooms, n) =>
  rooms.map((room) =>
    layerRules(room, [
      ...rooms.filter((other) => other !== room),
      ...LAYERS.slice(n + 1).flat(),
      ...(PURE.includes(room) ? ['database', 'config', 'context', 'http'] : []),
    ]),
  ),
);

/**
 * The client side of the command line runs without a database: of the service it knows types and
 * lists of values.
 */
const client: OxlintOverride = {
  files: ['src/cli/client/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: clients,
        patterns: [
          {
            regex:
              '^(\\.\\./)+(accounts|api|callbacks|changes|console|docs|egress|http|jobs|metrics|schedules|webhooks|workers)/',
            allowTypeImports: true,
            message: 'the client of the command line imports types of the service only',
          },
          {
            group: ['**/database/**', '!**/database/enumerations.ts'],
            message: 'the client of the command line has no database',
          },
        ],
      },
    ],
  },
};

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'max-params': ['error', { max: 4 }],
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'no-restricted-imports': ['error', { paths: clients }],
    'no-restricted-globals': ['error', 'fetch'],
    'no-restricted-properties': ['error', ...anyModule],
    'typescript/no-floating-promises': [
      'error',
      {
        allowForKnownSafeCalls: [
          { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
        ],
      },
    ],
    'typescript/no-misused-promises': 'error',
    'typescript/no-unsafe-type-assertion': 'off',
    'oxc/no-async-endpoint-handlers': 'off',
    'unicorn/require-post-message-target-origin': 'off',
  },
  overrides: [
    ...layers,
    client,
    {
      files: ['src/docs/examples/**', 'src/cli/client/api.ts', 'src/cli/client/listen/forward.ts', 'test/**'],
      rules: { 'no-restricted-imports': 'off', 'no-restricted-globals': 'off' },
    },
    { files: ['test/**'], rules: { 'max-params': 'off' } },
  ],
});
