import { Readability } from '@mozilla/readability';
import { Defuddle } from 'defuddle/node';
import { parseHTML } from 'linkedom';
import type { Readers } from '../support/competitors.ts';

export const readers: Readers = {
  readability: (html) => new Readability(parseHTML(html).document).parse()?.content ?? '',
  defuddle: async (html, url) => (await Defuddle(parseHTML(html).document, url, { useAsync: false })).content,
};
