/** What the files of one test run share. */
export interface TestRun {
  /** A superuser's URL of the running Postgres. */
  databaseUrl: string;
  /** The migrated database that tests clone. */
  template: string;
  /** A folder for files that tests write, removed at the end. It also holds the certificates. */
  directory: string;
}

export function testRunEnvironment({ databaseUrl, template, directory }: TestRun): Record<string, string> {
  return { TEST_DATABASE_URL: databaseUrl, TEST_TEMPLATE: template, TEST_DIRECTORY: directory };
}

/** Returns what test/run.ts started. Throws in a process that it did not start. */
export function testRun(): TestRun {
  const { TEST_DATABASE_URL: databaseUrl, TEST_TEMPLATE: template, TEST_DIRECTORY: directory } = process.env;
  if (!databaseUrl || !template || !directory)
    throw new Error('this test needs a database: run it with `node test/run.ts test/<name>.test.ts`');
  return { databaseUrl, template, directory };
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS'];

/**
 * The environment of a program that a test starts: what Node needs, and nothing that configures the
 * service.
 */
export function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
