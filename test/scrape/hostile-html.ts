import fc from 'fast-check';

/** What Markdown gives a meaning to, and what stands beside it. */
const PIECES = [
  'a│b│word│é│語│1│12│ │ │ │\n│\u00a0│\t│.│,│:│"│\'│「│」│€│😀',
  '*│**│_│__│`│``│```│~│~~│~~~│[│]│(│)│](│![│[x](y)│[ ]│[x]│[^1]│]:',
  '<│>│<b>│</p>│<!--│<http://a.b>│&│&amp;│&#35;│&copy│\\│\\\\│#│# │## │ #│+│+ │-│- ',
  '---│===│1. │2) │10.│|│| a |│|---|│:-:│!│{│}│^│$│=│%│http://x.y/_a_│www.a.b│x@y.z│@│;',
].flatMap((line) => line.split('│'));

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export const hostileText = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.join(''));

const URLS = [
  'https://a.example/',
  'https://a.example/x_y_(z)',
  'https://a.example/(?q=a&copy;=b*c',
  'mailto:a@b.example',
  'https://a.example/[x]|y',
];

function wrap(name: string, attributes = ''): (content: string) => string {
  return (content) => `<${name}${attributes}>${content}</${name}>`;
}

function listOf<T>(items: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> {
  return fc.array(items, { minLength: 1, maxLength });
}

export interface HostileOptions {
  /**
   * Formats that neither touch nor begin or end in punctuation, so that Markdown has a form for all
   * of them: `<em>a</em><strong>b</strong>` and `<em>(a)</em>b` it has to write as something less.
   */
  apart: boolean;
}

/**
 * Random pages of text, formats, links, code, lists, quotes, headings and tables, with hostile text
 * in all of them.
 */
export function hostileHtml({ apart }: HostileOptions): fc.Arbitrary<string> {
  const text = hostileText.map((pieces) => escapeHtml(apart ? `x${pieces}x` : pieces));
  const between = apart ? ' ' : '';
  return fc.letrec<Record<'inline' | 'inlines' | 'block' | 'blocks' | 'item' | 'row', string>>((tie) => ({
    inline: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 6, arbitrary: text },
      { weight: 1, arbitrary: text.map(wrap('code')) },
      { weight: 1, arbitrary: fc.constant('<br>') },
      { weight: 2, arbitrary: tie('inlines').map(wrap('em')) },
      { weight: 2, arbitrary: tie('inlines').map(wrap('strong')) },
      { weight: 1, arbitrary: tie('inlines').map(wrap('del')) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom(...URLS), text)
          .map(([url, label]) => wrap('a', ` href="${escapeHtml(url)}"`)(label)),
      },
    ),
    inlines: listOf(tie('inline'), 4).map((parts) => parts.join(between)),
    block: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 4, arbitrary: tie('inlines').map(wrap('p')) },
      { weight: 1, arbitrary: tie('inlines') },
      { weight: 1, arbitrary: tie('inlines').map(wrap('h2')) },
      { weight: 1, arbitrary: hostileText.map((code) => `<pre><code>x${escapeHtml(code)}x</code></pre>`) },
      { weight: 1, arbitrary: listOf(tie('item'), 3).map((items) => wrap('ul')(items.join(''))) },
      {
        weight: 1,
        arbitrary: listOf(tie('item'), 3).map((items) => wrap('ol', ' start="7"')(items.join(''))),
      },
      { weight: 1, arbitrary: tie('blocks').map(wrap('blockquote')) },
      {
        weight: 1,
        arbitrary: listOf(tie('row'), 3).map(
          (rows) => `<table><tr><th>h</th><th>i</th></tr>${rows.join('')}</table>`,
        ),
      },
      { weight: 1, arbitrary: fc.constant('<hr>') },
    ),
    blocks: listOf(tie('block'), 4).map((parts) => parts.join('')),
    item: fc.oneof(tie('inlines'), tie('blocks')).map(wrap('li')),
    row: fc.tuple(tie('inlines'), tie('inlines')).map(([a, b]) => `<tr><td>${a}</td><td>${b}</td></tr>`),
  })).blocks;
}
