import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'golden');

export interface GoldenCase {
  name: string;
  html: string;
  markdown: string;
}

/**
 * The cases of `golden/*.txt`: `=== name`, the HTML, a line `--- markdown`, and what it becomes.
 */
export function goldenCases(): GoldenCase[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'));
  return files.flatMap((file) => {
    const [, ...pieces] = readFileSync(join(FOLDER, file), 'utf8').split(/^=== (.*)\n/m);
    return pieces.flatMap((name, i) => {
      if (i % 2 === 1) return [];
      const [html = '', markdown = ''] = pieces[i + 1]!.split(/^--- markdown\n/m);
      return [
        {
          name: `${file.replace('.txt', '')}: ${name}`,
          html: html.replace(/\n$/, ''),
          markdown: markdown.replace(/\n+$/, ''),
        },
      ];
    });
  });
}

/**
 * CommonMark and GFM by example: the cases of `golden/examples.md`, each a `%%% name` and its
 * Markdown.
 */
export function markdownExamples(): { name: string; markdown: string }[] {
  const [, ...pieces] = readFileSync(join(FOLDER, 'examples.md'), 'utf8').split(/^%%% (.*)\n/m);
  return pieces.flatMap((name, i) => (i % 2 === 1 ? [] : [{ name, markdown: pieces[i + 1]! }]));
}
