import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnnotatedPage } from '../../bench/extraction/corpora.ts';

const FOLDER = join(import.meta.dirname, 'pages');

/**
 * The pages of `pages/<type>.txt`: `=== name`, the URL, the HTML, a line `--- text`, and the main
 * content.
 */
export function examplePages(): AnnotatedPage[] {
  return readdirSync(FOLDER).flatMap((file) => {
    const [, ...pieces] = readFileSync(join(FOLDER, file), 'utf8').split(/^=== (.*)\n/m);
    return pieces.flatMap((name, i) => {
      if (i % 2 === 1) return [];
      const [page = '', text = ''] = pieces[i + 1]!.split(/^--- text\n/m);
      const [url = '', ...html] = page.split('\n');
      const type = file.replace('.txt', '');
      const unlabelled = { corpus: 'examples', wanted: [], unwanted: [] };
      return [{ ...unlabelled, name, url, type, html: () => html.join('\n'), text: text.trim() }];
    });
  });
}
