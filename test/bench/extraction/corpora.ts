import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decode } from '../../../src/scrape/decode/index.ts';
import { eachElement, parseHtml } from '../../../src/scrape/dom/index.ts';
import { toText } from '../../../src/scrape/formats/text.ts';

/**
 * What people said of a page: its content as text, or snippets that its content holds and does not
 * hold.
 */
export interface AnnotatedPage {
  corpus: string;
  name: string;
  url: string;
  type: string;
  html: () => string;
  /** The whole content, null where only snippets of it are known. */
  text: string | null;
  wanted: string[];
  unwanted: string[];
}

const unzipped = (file: string): string => gunzipSync(readFileSync(file)).toString();

interface WcxbAnnotation {
  url: string;
  _internal: { page_type: { primary: string } };
  ground_truth: { main_content?: string };
}

/**
 * The pages of one split of the Web Content Extraction Benchmark (WCXB, by Murrough Foley,
 * CC-BY-4.0).
 */
export function wcxbPages(folder: string): AnnotatedPage[] {
  const names = readdirSync(join(folder, 'ground-truth')).map((file) => file.replace('.json', ''));
  return names.toSorted().map((name) => {
    const source = readFileSync(join(folder, 'ground-truth', `${name}.json`), 'utf8');
    const { url, _internal: internal, ground_truth: truth } = JSON.parse(source) as WcxbAnnotation;
    const type = internal.page_type.primary;
    return {
      corpus: 'wcxb',
      name,
      url,
      type: type === 'category' ? 'collection' : type,
      html: () => unzipped(join(folder, 'html', `${name}.html.gz`)),
      text: truth.main_content ?? '',
      wanted: [],
      unwanted: [],
    };
  });
}

interface TrafilaturaAnnotation {
  file: string;
  with: string[];
  without: string[];
}

/** The annotated pages of trafilatura (Apache-2.0). */
export function trafilaturaPages(folder: string): AnnotatedPage[] {
  const source = readFileSync(join(folder, 'evaldata.json'), 'utf8');
  const annotations = Object.entries(JSON.parse(source) as Record<string, TrafilaturaAnnotation>);
  return annotations
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([url, { file, with: wanted, without: unwanted }]) => {
      const plain = join(folder, 'cache', file);
      const zipped = `${plain}.gz`;
      if (!existsSync(plain) && !existsSync(zipped)) return [];
      const bytes = () => (existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(zipped)));
      const html = () => decode(bytes(), { markup: true }).text;
      const address = url.startsWith('http') ? url : `https://${file.replace('-', '/')}`;
      return [
        {
          corpus: 'trafilatura',
          name: file,
          url: address,
          type: 'mixed',
          html,
          text: null,
          wanted,
          unwanted,
        },
      ];
    });
}

/** The address that a page gives itself. */
function ownUrl(html: string): string | null {
  let url: string | null = null;
  eachElement(parseHtml(html).children, ({ name, attribs }) => {
    const canonical = name === 'link' && attribs['rel'] === 'canonical' ? attribs['href'] : undefined;
    const graph = name === 'meta' && attribs['property'] === 'og:url' ? attribs['content'] : undefined;
    url ??= URL.parse(canonical ?? graph ?? '')?.href ?? null;
  });
  return url;
}

/** The test pages of mozilla/readability (Apache-2.0). */
export function readabilityPages(folder: string): AnnotatedPage[] {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'source.html.gz')));
  return names.toSorted().map((name) => {
    const html = () => unzipped(join(folder, name, 'source.html.gz'));
    const expected = unzipped(join(folder, name, 'expected.html.gz'));
    return {
      corpus: 'readability',
      name,
      url: ownUrl(html()) ?? `http://${name}.invalid/`,
      type: 'article',
      html,
      text: toText(parseHtml(expected).children),
      wanted: [],
      unwanted: [],
    };
  });
}

/** The pages of all corpora that the folder holds. */
export function annotatedPages(folder: string): AnnotatedPage[] {
  const corpora = [
    { path: join(folder, 'wcxb/dev'), read: wcxbPages },
    { path: join(folder, 'trafilatura'), read: trafilaturaPages },
    { path: join(folder, 'readability'), read: readabilityPages },
  ];
  return corpora.flatMap(({ path, read }) => (existsSync(path) ? read(path) : []));
}

/** The site that a page is of: its registrable domain, nearly. */
export function siteOf({ url, name }: AnnotatedPage): string {
  const host = URL.parse(url)?.hostname ?? name;
  return host
    .replace(/^www\./, '')
    .split('.')
    .slice(-2)
    .join('.');
}

const ROOT = join(import.meta.dirname, '../../..');
const PLACES = ['..', '../..'].map((up) => join(ROOT, up, 'shared/extraction'));

/**
 * Where the corpora lie, beside the project; a second work tree of it may lie one folder deeper.
 */
export const CORPORA = PLACES.find((place) => existsSync(place)) ?? PLACES[0]!;
