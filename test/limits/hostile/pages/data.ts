import { counted, filled, MIB, type HostilePage } from './page.ts';

const ALL = { formats: ['markdown', 'html', 'text', 'links', 'metadata'] };
const json = (body: () => string, options = {}): HostilePage => ({ type: 'application/json', body, options });
const csv = (body: () => string): HostilePage => ({ type: 'text/csv', body, options: ALL });
const markdown = (body: () => string): HostilePage => ({ type: 'text/markdown', body, options: ALL });

/** JSON, delimited text and Markdown. */
export const DATA_PAGES: Record<string, HostilePage> = {
  'JSON of numbers': json(() => `[${filled('1,')}1]`, ALL),
  'JSON of empty objects': json(() => `[${filled('{},')}{}]`),
  'JSON of a million keys': json(() => `{${counted((n) => `"${n}":0,`)}"":0}`),
  'JSON that is deep': json(() => `${filled('[', 4 * MIB)}${filled(']', 4 * MIB)}`),
  'JSON that is wide where it is deep': json(() => `${'['.repeat(60)}${filled('1,')}1${']'.repeat(60)}`, ALL),
  'JSON of escapes': json(() => `["${filled('\\u0000')}"]`),
  'JSON that ends early': json(() => `[${filled('"a",')}`, ALL),
  'JSON with a long string': json(() => `"${filled('a')}"`),
  'CSV of one column': csv(() => filled('1\n')),
  'CSV of one line': csv(() => filled('1,')),
  'CSV of wide rows': csv(() => filled(`${'x,'.repeat(300)}\n`)),
  'CSV of escapes': csv(() => filled(`${'*_[]|,'.repeat(100)}\n`)),
  'CSV whose quotes never close': csv(() => filled('"""')),
  'CSV of empty fields': csv(() => `${','.repeat(100_000)}\n${filled('\n,')}`),
  'Markdown of brackets': markdown(() => filled('[')),
  'Markdown of links': markdown(() => counted((n) => `[a](/b/${n}) `)),
  'Markdown of images in links': markdown(() => filled('[![a](b)](')),
  'Markdown of backticks': markdown(() => counted((n) => `${'`'.repeat((n % 100) + 1)} `)),
  'Markdown of emphasis': markdown(() => filled('*a_b~~')),
  'Markdown of definitions': markdown(() => counted((n) => `[${n}]: /${n}\n`)),
  'Markdown of front matter': markdown(() => `---\n${filled('title: a\n')}`),
  'Markdown of headings': markdown(() => filled('# a #\n')),
};
