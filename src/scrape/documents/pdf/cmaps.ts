import { readFile } from 'node:fs/promises';

/**
 * Gives pdf.js the predefined CMaps (ISO 32000-1, section 9.7.5.2), with which most Chinese,
 * Japanese and Korean documents encode their text. They lie beside this file, under their own
 * licence.
 */
export class PredefinedCMaps {
  /** Called by pdf.js. Rejects for whatever is not a CMap. */
  async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    if (kind !== 'cMapUrl' || !/^[\w-]{1,40}\.bcmap$/.test(filename)) throw new Error(`no such ${kind}`);
    return new Uint8Array(await readFile(new URL(`cmaps/${filename}`, import.meta.url)));
  }
}
