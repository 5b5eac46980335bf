import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The folders whose files take longest, in that order. They start first. One in another folder, or
 * a file, is a group of its own where it stands here.
 */
const LONGEST = [
  'render/kills',
  'render/canaries.test.ts',
  'render/ways-of-pages.test.ts',
  'render',
  'jobs',
  'workers',
  'webhooks',
  'service',
  'cli',
  'console',
  'security',
  'database',
  'schedules',
  'jobs/crawl',
  'webhooks/dispatch',
  'api',
  'egress',
  'docs',
];

const host = new URL('./group.ts', import.meta.url).href;

/**
 * The scripts that run these test files, written to `directory`: one for the files of each group,
 * in a process of its own.
 */
export async function writeGroups(
  directory: string,
  files: string[],
  groupOf: (file: string) => string,
): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const folders = Map.groupBy(files, groupOf);
  const names = [...new Set([...LONGEST, ...folders.keys()])].filter((name) => folders.has(name));
  return await Promise.all(
    names.map(async (name, place) => {
      // Node runs scripts in the order of their names.
      const script = join(directory, `${String(place).padStart(3, '0')}-${name.replaceAll('/', '-')}.mjs`);
      const members = JSON.stringify(folders.get(name));
      await writeFile(script, `import { runGroup } from '${host}';\nrunGroup(${members});\n`);
      return script;
    }),
  );
}

/**
 * Groups files by their folder of test/: loading the service takes longer than most files' tests.
 */
export function folderOf(file: string): string {
  const [, folder, inner] = file.split('/');
  const own = `${folder}/${inner}`;
  return LONGEST.includes(own) ? own : folder!;
}
