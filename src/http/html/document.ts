import { html, type Content, type Html } from './html.ts';

/** A page for people: its title, icon, styles and scripts, and the element that is its body. */
export interface Document {
  title: string;
  icon: string;
  styles: string[];
  scripts: string[];
  body: Content;
}

/** A whole HTML document. Pages load nothing from other hosts: every address is one of ours. */
export function documentOf({ title, icon, styles, scripts, body }: Document): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Ollagraph</title>
        <link rel="icon" href="${icon}" />
        ${styles.map((href) => html`<link rel="stylesheet" href="${href}" />`)}
        ${scripts.map((src) => html`<script src="${src}" defer></script>`)}
      </head>
      ${body}
    </html>`;
}

/** The first link of a page, seen when the keyboard reaches it. */
export const SKIP_LINK = html`<a class="skip" href="#content">Skip to the content</a>`;
