import { html, safeHref, type Content, type Html } from '../../http/html.ts';

const MAX_DEPTH = 4;
const LABEL = String.raw`((?:[^\[\]\\]|\\.|!?\[(?:[^\[\]\\]|\\.){0,300}\](?:\([^()\s]{0,2000}\))?){0,500})`;
const TARGET = String.raw`\(\s{0,10}(<[^<>\n]{0,2000}>|(?:[^\s()\\]|\\.|\([^\s()]{0,500}\)){0,2000})(?:\s{1,10}"[^"\n]{0,500}")?\s{0,10}\)`;

interface Rule {
  form: RegExp;
  make: (match: RegExpExecArray, depth: number) => Content;
}

/** Tried in this order at each character that can start one. Every repetition is bounded, so no input is slow. */
const RULES: Record<string, Rule[]> = {
  '\\': [
    { form: /\\\n/y, make: () => html`<br />` },
    { form: /\\([!-/:-@[-`{-~])/y, make: (match) => match[1] },
  ],
  '`': [
    {
      form: /(`{1,5})(?!`)((?:[^`]|(?!\1(?!`))`){1,2000})\1(?!`)/y,
      make: (match) => html`<code>${match[2]!.trim()}</code>`,
    },
  ],
  '!': [{ form: new RegExp(`!\\[${LABEL}\\]${TARGET}`, 'y'), make: (match) => image(match[1]!, match[2]!) }],
  '[': [
    {
      form: new RegExp(`\\[${LABEL}\\]${TARGET}`, 'y'),
      make: (match, depth) => link(match[2]!, inline(match[1]!, depth + 1)),
    },
  ],
  '<': [{ form: /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/y, make: ([, url = '']) => link(url, url) }],
  '*': emphasis('\\*'),
  _: emphasis('_'),
  '~': [
    {
      form: /~~(?=\S)((?:[^~\\]|\\.|~(?!~)){1,1000})~~/y,
      make: (match, depth) => html`<del>${inline(match[1]!, depth + 1)}</del>`,
    },
  ],
  ' ': [{ form: / {2,20}\n/y, make: () => html`<br />` }],
};

function emphasis(mark: string): Rule[] {
  const inside = `(?:[^${mark}\\\\]|\\\\.|${mark}(?!${mark}))`;
  return [
    {
      form: new RegExp(`${mark}{2}(?=\\S)(${inside}{1,1000})${mark}{2}`, 'y'),
      make: (match, depth) => html`<strong>${inline(match[1]!, depth + 1)}</strong>`,
    },
    {
      form: new RegExp(`${mark}(?=[^\\s${mark}])((?:[^${mark}\\\\]|\\\\.){1,1000})${mark}(?!\\w)`, 'y'),
      make: (match, depth) => html`<em>${inline(match[1]!, depth + 1)}</em>`,
    },
  ];
}

/** The inline part of Markdown: code, emphasis, links. Images become links. */
export function renderInline(text: string): Html {
  return html`${inline(text, 0)}`;
}

function inline(text: string, depth: number): Content {
  if (depth > MAX_DEPTH) return text;
  const parts: Content[] = [];
  let plain = 0;
  for (let at = 0; at < text.length;) {
    const hit = depthRule(text, at, depth);
    if (!hit) {
      at++;
      continue;
    }
    parts.push(text.slice(plain, at), hit.content);
    at += hit.length;
    plain = at;
  }
  parts.push(text.slice(plain));
  return parts;
}

function depthRule(text: string, at: number, depth: number): { content: Content; length: number } | null {
  if (text[at] === '_' && /\w/.test(text[at - 1] ?? '')) return null;
  for (const { form, make } of RULES[text[at]!] ?? []) {
    form.lastIndex = at;
    const match = form.exec(text);
    if (match) return { content: make(match, depth), length: match[0].length };
  }
  return null;
}

const unescape = (target: string) => target.replace(/^<|>$/g, '').replace(/\\([!-/:-@[-`{-~])/g, '$1');

function link(target: string, content: Content): Content {
  const href = safeHref(unescape(target));
  return href === null
    ? content
    : html`<a href="${href}" rel="noopener noreferrer nofollow" target="_blank">${content}</a>`;
}

function image(alt: string, target: string): Content {
  return html`<span class="image">image: ${link(target, alt.trim() === '' ? unescape(target) : alt)}</span>`;
}
