/** HTML that is safe to send. Only `html` and `trusted` make it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/**
 * What a template takes: text is escaped, HTML is not, lists are joined, and null, undefined and
 * false are nothing.
 */
export type Content = string | number | Html | null | undefined | false | readonly Content[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it is written in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escapeHtml(String(content));
}

/**
 * A template whose holes are escaped. Attributes must be quoted; a hole never stands for a tag, a
 * name or a script.
 */
export function html(strings: TemplateStringsArray, ...holes: Content[]): Html {
  return new Html(strings.reduce((text, part, n) => text + render(holes[n - 1]) + part));
}

/** An attribute without a value, where it applies: put it after a space, inside a tag. */
export function flag(name: 'checked' | 'selected' | 'open' | 'required', on: boolean): Html | null {
  return on ? new Html(` ${name}`) : null;
}

/** An attribute with a value, where there is one. */
export function attribute(name: string, value: string | number | null | undefined): Html | null {
  return value === null || value === undefined ? null : new Html(` ${name}="${escapeHtml(String(value))}"`);
}

/**
 * Only an http(s) or mailto address may become a link; anything else (javascript:, data:) is null.
 */
export function safeHref(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed && /^(https?|mailto):$/.test(parsed.protocol) ? parsed.href : null;
}
