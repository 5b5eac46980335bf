import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError, EXIT } from '../../failure.ts';
import { printable } from '../../terminal.ts';
import type { Page } from '../answers.ts';
import type { Api } from '../api.ts';

interface Wanted {
  /** Where the files are saved; without it they are only named. */
  folder: string | undefined;
  /** Gets a line for each of them. */
  say: (line: string) => void;
}

/** Saves the files of a page, or says where they are. Throws CliError where one cannot be saved. */
export async function saveFiles(api: Api, page: Page, { folder, say }: Wanted): Promise<void> {
  for (const { name, message } of page.file_errors ?? []) say(printable(`(no ${name}: ${message})`));
  for (const { name, path } of page.files ?? []) {
    const place = folder === undefined ? api.url + path : join(folder, basename(name));
    if (folder !== undefined) await save(api, path, { folder, place });
    say(printable(`(${place})`));
  }
}

async function save(
  api: Api,
  path: string,
  { folder, place }: { folder: string; place: string },
): Promise<void> {
  const { body } = await api.open(path, '*/*');
  try {
    await mkdir(folder, { recursive: true });
    await pipeline(Readable.fromWeb(body!), createWriteStream(place));
  } catch (cause) {
    throw new CliError(`${place} cannot be written`, { exitCode: EXIT.failed, cause });
  }
}
